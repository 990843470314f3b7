// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/internal/infra"
)

// newNamespace makes a namespace of a spec, which lets in only pods of the profile
// "restricted" of the pod security standards.
func newNamespace(ctx context.Context) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-",
		Labels:       map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	Expect(k8s.Create(ctx, namespace)).To(Succeed())
	DeferCleanup(func(ctx context.Context) {
		Expect(k8s.Delete(ctx, namespace)).To(Succeed())
	}, NodeTimeout(specTimeout))
	return namespace.Name
}

// apply applies YAML documents in a namespace, as a person would.
func apply(ctx context.Context, namespace, documents string) {
	GinkgoHelper()
	for _, object := range parse(documents) {
		object.SetNamespace(namespace)
		Expect(k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("person"), client.ForceOwnership)).
			To(Succeed(), "%s %s", object.GetKind(), object.GetName())
	}
}

func parse(documents string) []*unstructured.Unstructured {
	GinkgoHelper()
	var objects []*unstructured.Unstructured
	for document := range strings.SplitSeq(strings.TrimPrefix(documents, "---\n"), "\n---\n") {
		object := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), &object.Object)).To(Succeed(), document)
		objects = append(objects, object)
	}
	return objects
}

// programmed waits until a Gateway is, in its present form, and returns it.
func programmed(ctx context.Context, namespace, name string) *gwv1.Gateway {
	GinkgoHelper()
	gateway := &gwv1.Gateway{}
	Eventually(func(g Gomega) {
		g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, gateway)).To(Succeed())
		c := meta.FindStatusCondition(gateway.Status.Conditions, string(gwv1.GatewayConditionProgrammed))
		g.Expect(c).NotTo(BeNil())
		g.Expect(c.ObservedGeneration).To(Equal(gateway.Generation))
		g.Expect(c.Status).To(Equal(metav1.ConditionTrue), c.Message)
		g.Expect(gateway.Status.Addresses).NotTo(BeEmpty())
	}).WithContext(ctx).Should(Succeed())
	return gateway
}

// proxies are the pods of a Gateway that are not being deleted.
func proxies(ctx context.Context, namespace, gateway string) []corev1.Pod {
	GinkgoHelper()
	var list corev1.PodList
	Expect(k8s.List(ctx, &list, client.InNamespace(namespace), client.MatchingLabels(infra.Selector(gateway)))).To(Succeed())
	var pods []corev1.Pod
	for _, pod := range list.Items {
		if pod.DeletionTimestamp.IsZero() {
			pods = append(pods, pod)
		}
	}
	return pods
}

// exchange is a request to a Gateway's address, from outside of the cluster.
type exchange struct {
	gateway *gwv1.Gateway
	// port is 80 without one.
	port   int
	path   string
	header http.Header
}

// answer sends the request on a connection of its own, and gives "STATUS BODY".
func (e exchange) answer(ctx context.Context) (string, error) {
	host := e.gateway.Status.Addresses[0].Value
	if e.port != 0 {
		host = net.JoinHostPort(host, strconv.Itoa(e.port))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+e.path, nil)
	if err != nil {
		return "", err
	}
	request.Header = e.header
	outside := &http.Client{
		Timeout:       5 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := outside.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return strconv.Itoa(response.StatusCode) + " " + strings.TrimSpace(string(body)), err
}

// pollFast is for what is to happen as soon as it can.
const pollFast = 5 * time.Millisecond

// owners are the UIDs of the Gateways to which the objects of a list belong.
func owners(ctx context.Context, namespace string, list client.ObjectList) []types.UID {
	GinkgoHelper()
	Expect(k8s.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels(infra.ManagedBy()))).To(Succeed())
	var uids []types.UID
	Expect(meta.EachListItem(list, func(o runtime.Object) error {
		object, err := meta.Accessor(o)
		if err != nil {
			return err
		}
		owner := metav1.GetControllerOf(object)
		Expect(owner).NotTo(BeNil(), "%T %s has no owner", o, object.GetName())
		uids = append(uids, owner.UID)
		return nil
	})).To(Succeed())
	Expect(uids).NotTo(BeEmpty(), "%T", list)
	return uids
}
