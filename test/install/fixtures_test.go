// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// newNamespace makes a namespace for Gateways, which lets in restricted pods only. It is
// deleted with the spec, unless that has done so.
func newNamespace(ctx context.Context) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "install-",
		Labels:       map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	Expect(k8s.Create(ctx, namespace)).To(Succeed())
	DeferCleanup(deleteNamespace, namespace.Name, NodeTimeout(specTimeout))
	return namespace.Name
}

// deleteNamespace returns when the namespace and what was in it are gone.
func deleteNamespace(ctx context.Context, name string) {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	Expect(client.IgnoreNotFound(k8s.Delete(ctx, namespace))).To(Succeed())
	Eventually(func() bool {
		return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(namespace), namespace))
	}).WithContext(ctx).WithTimeout(2*time.Minute).Should(BeTrue(), "the namespace %s stays", name)
}

// apply applies YAML documents as a person would.
func apply(ctx context.Context, namespace, documents string) {
	GinkgoHelper()
	c := command(ctx, tool("KUBECTL"), "apply", "--namespace", namespace, "--filename", "-")
	c.Stdin = strings.NewReader(documents)
	out, err := c.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s", out)
}

// programmed waits until the Gateway "web" is, and gives its address.
func programmed(ctx context.Context, namespace string) string {
	GinkgoHelper()
	gateway := &gwv1.Gateway{}
	Eventually(func(g Gomega) {
		g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "web"}, gateway)).To(Succeed())
		c := meta.FindStatusCondition(gateway.Status.Conditions, string(gwv1.GatewayConditionProgrammed))
		g.Expect(c).NotTo(BeNil())
		g.Expect(c.ObservedGeneration).To(Equal(gateway.Generation))
		g.Expect(c.Status).To(Equal(metav1.ConditionTrue), c.Message)
		g.Expect(gateway.Status.Addresses).NotTo(BeEmpty())
	}).WithContext(ctx).WithTimeout(2 * time.Minute).Should(Succeed())
	return gateway.Status.Addresses[0].Value
}

// answer is "STATUS BODY" of a request from outside of the cluster, on a connection of its
// own.
func answer(ctx context.Context, address, path string) (string, error) {
	once := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return get(ctx, once, "http://"+address+path)
}

func get(ctx context.Context, from *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := from.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return strconv.Itoa(response.StatusCode) + " " + strings.TrimSpace(string(body)), err
}
