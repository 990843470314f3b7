// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

// listenerPort is that of all listeners: every proxy has an address of its own.
const listenerPort = 18080

// specTimeout bounds one spec.
const specTimeout = 5 * time.Minute

// newNamespace makes a namespace with a name of its own.
func newNamespace(ctx context.Context) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	Expect(k8s.Create(ctx, namespace)).To(Succeed())
	// There is nobody who would empty a namespace; what is left would go on
	// running beside later specs.
	DeferCleanup(func(ctx context.Context) {
		Expect(k8s.DeleteAllOf(ctx, &gwv1.Gateway{}, client.InNamespace(namespace.Name))).To(Succeed())
	}, NodeTimeout(specTimeout))
	return namespace.Name
}

// parse reads YAML documents. Objects without a namespace get the one given.
func parse(namespace, documents string) []*unstructured.Unstructured {
	GinkgoHelper()
	var out []*unstructured.Unstructured
	documents = strings.TrimPrefix(documents, "---\n")
	for document := range strings.SplitSeq(documents, "\n---\n") {
		u := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), &u.Object)).To(Succeed(), document)
		if namespace != "" && u.GetNamespace() == "" {
			u.SetNamespace(namespace)
		}
		out = append(out, u)
	}
	return out
}

// apply applies YAML documents as a person would.
func apply(ctx context.Context, namespace, documents string) {
	GinkgoHelper()
	for _, u := range parse(namespace, documents) {
		Expect(k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("person"), client.ForceOwnership)).
			To(Succeed(), "%s %s", u.GetKind(), u.GetName())
	}
}

func gatewayClass(name, controllerName string) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: %s}
spec: {controllerName: %s}`, name, controllerName)
}

func gateway(name string) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: %s}
spec:
  gatewayClassName: %s
  listeners:
  - {name: http, port: %d, protocol: HTTP}`, name, className, listenerPort)
}

// route gives an HTTPRoute for one path. The backend is a Service's name, or
// "filter/NAME" for a StaticResponseFilter.
func route(name, gateway, path, backend string) string {
	rule := fmt.Sprintf("backendRefs: [{name: %s, port: 80}]", backend)
	if filter, ok := strings.CutPrefix(backend, "filter/"); ok {
		rule = fmt.Sprintf("filters: [{type: ExtensionRef, extensionRef: {group: gateway.kubera.dev, kind: StaticResponseFilter, name: %s}}]", filter)
	}
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %s}
spec:
  parentRefs: [{name: %s}]
  rules:
  - matches: [{path: {type: PathPrefix, value: %s}}]
    %s`, name, gateway, path, rule)
}

func staticResponse(name, text string) string {
	return fmt.Sprintf(`
apiVersion: gateway.kubera.dev/v1alpha1
kind: StaticResponseFilter
metadata: {name: %s}
spec: {text: %q}`, name, text)
}

// backend starts a server that answers with its name, and gives a Service's
// endpoints for it.
func backend(name string) (port int) {
	GinkgoHelper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, name+" "+r.URL.Path) // a client that is gone is no concern of a test
	}))
	DeferCleanup(server.Close)
	addr, ok := server.Listener.Addr().(*net.TCPAddr)
	Expect(ok).To(BeTrue())
	return addr.Port
}

func serviceWithEndpoints(name string, port int) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %[1]s}
spec: {ports: [{port: 80}]}
---
%[2]s`, name, endpointSlice(name, port))
}

func endpointSlice(service string, port int) string {
	return fmt.Sprintf(`
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s-1, labels: {kubernetes.io/service-name: %[1]s}}
addressType: IPv4
ports: [{port: %[2]d, name: ""}]
endpoints: [{addresses: [%[3]s1], conditions: {ready: true}}]`, service, port, stored)
}

// get sends a request to the address that the Gateway's status has, and gives
// "STATUS BODY".
func get(ctx context.Context, namespace, gateway, path string) func() (string, error) {
	return func() (string, error) {
		g := &gwv1.Gateway{}
		if err := k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: gateway}, g); err != nil {
			return "", err
		}
		if len(g.Status.Addresses) == 0 {
			return "", fmt.Errorf("Gateway %s/%s has no address", namespace, gateway)
		}
		return request(ctx, g.Status.Addresses[0].Value, path)
	}
}

func request(ctx context.Context, ip, path string) (string, error) {
	return requestHost(ctx, ip, "", path)
}

// requestHost is request with a Host header, if it is not empty.
func requestHost(ctx context.Context, ip, host, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s:%d%s", ip, listenerPort, path), nil)
	if err != nil {
		return "", err
	}
	req.Host = cmp.Or(host, req.Host)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return fmt.Sprintf("%d %s", resp.StatusCode, body), err
}

// condition gives "STATUS REASON" of a Gateway's condition, if it was observed at
// the present generation.
func condition(ctx context.Context, namespace, gateway, typ string) func() (string, error) {
	return func() (string, error) {
		g := &gwv1.Gateway{}
		if err := k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: gateway}, g); err != nil {
			return "", err
		}
		c := meta.FindStatusCondition(g.Status.Conditions, typ)
		if c == nil || c.ObservedGeneration != g.Generation {
			return "", fmt.Errorf("no %s at generation %d: %+v", typ, g.Generation, g.Status.Conditions)
		}
		return string(c.Status) + " " + c.Reason, nil
	}
}

// gatewayCondition gives "STATUS REASON MESSAGE" of a Gateway's condition.
func gatewayCondition(ctx context.Context, namespace, gateway, typ string) func() string {
	return func() string {
		g := &gwv1.Gateway{}
		Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: gateway}, g)).To(Succeed())
		return inWords(g.Status.Conditions, typ)
	}
}

// programmed waits until a Gateway is.
func programmed(ctx context.Context, namespace, gateway string) {
	GinkgoHelper()
	Eventually(condition(ctx, namespace, gateway, "Programmed")).Should(Equal("True Programmed"))
}

// warnings gives "REASON NOTE" of the Warning Events of a namespace.
func warnings(ctx context.Context, namespace string) func() []string {
	return func() []string {
		var list eventsv1.EventList
		Expect(k8s.List(ctx, &list, client.InNamespace(namespace))).To(Succeed())
		var out []string
		for _, e := range list.Items {
			if e.Type == corev1.EventTypeWarning {
				out = append(out, e.Reason+" "+e.Note)
			}
		}
		return out
	}
}
