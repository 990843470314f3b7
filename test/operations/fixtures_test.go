// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build operations

package operations

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/test/certtest"
)

const (
	gatewayName = "web"
	// hostname is in the certificate of the listener https.
	hostname = "web.example.com"
)

// What the user of the Gateway applied, which is all that a backup has to have.
const gatewayAndRoutes = `
apiVersion: gateway.kubera.dev/v1alpha1
kind: GatewayParameters
metadata: {name: web}
spec:
  deployment: {replicas: 2}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: kubera
  infrastructure:
    parametersRef: {group: gateway.kubera.dev, kind: GatewayParameters, name: web}
  listeners:
  - {name: http, port: 80, protocol: HTTP}
  - name: https
    port: 443
    protocol: HTTPS
    tls: {certificateRefs: [{name: web}]}
---
apiVersion: gateway.kubera.dev/v1alpha1
kind: StaticResponseFilter
metadata: {name: version}
spec: {text: "1"}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: web}]
  rules:
  - matches: [{path: {value: /version}}]
    filters: [{type: ExtensionRef, extensionRef: {group: gateway.kubera.dev, kind: StaticResponseFilter, name: version}}]
  - matches: [{path: {value: /polite}}]
    backendRefs: [{name: polite, port: 80}]
  - matches: [{path: {value: /plain}}]
    backendRefs: [{name: plain, port: 80}]
  - matches: [{path: {value: /abrupt}}]
    backendRefs: [{name: abrupt, port: 80}]
    retry: {attempts: 2}`

// backend gives a Deployment of two pods, and a Service.
func backend(name, more string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %[1]s}
spec:
  selector: {app: %[1]s}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: 2
  selector: {matchLabels: {app: %[1]s}}
  strategy: {rollingUpdate: {maxUnavailable: 0}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: backend
        image: kubera.test/backend:1
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
        %[2]s`, name, more)
}

// The backends: one that goes on for a while, as is usual; one that does not; and one
// that drops what it has under way, whose rule tries again.
var backends = []string{
	backend("polite", "lifecycle: {preStop: {sleep: {seconds: 5}}}"),
	backend("plain", ""),
	backend("abrupt", "args: [--abrupt]"),
}

// authority issues the certificates of the listener https.
var authority *certtest.CA

// certificate is the Secret of the listener https, with a new one each time.
func certificate() string {
	pair := authority.Issue(hostname, hostname)
	encoded := base64.StdEncoding.EncodeToString
	return fmt.Sprintf(`
apiVersion: v1
kind: Secret
metadata: {name: web}
type: kubernetes.io/tls
data: {tls.crt: %s, tls.key: %s}`, encoded(pair.Cert), encoded(pair.Key))
}

// serveAll makes the namespace and everything in it, and waits until it is served.
func serveAll(ctx context.Context) {
	GinkgoHelper()
	authority = certtest.NewCA(GinkgoTB(), "operations")
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "operations-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	Expect(k8s.Create(ctx, object)).To(Succeed())
	namespace = object.Name
	DeferCleanup(func(ctx context.Context) { Expect(k8s.Delete(ctx, object)).To(Succeed()) }, NodeTimeout(specTimeout))
	apply(ctx, strings.Join(append(backends, certificate(), gatewayAndRoutes), "\n---\n"))
	for _, name := range []string{"polite", "plain", "abrupt"} {
		rolledOut(ctx, name)
	}
	programmed(ctx)
	settled(ctx)
	for _, path := range []string{"/polite", "/plain", "/abrupt"} {
		Eventually(get).WithArguments(ctx, path).Should(HavePrefix("200 "))
	}
}

// apply applies YAML documents in the namespace, as a person would.
func apply(ctx context.Context, documents string) {
	GinkgoHelper()
	for document := range strings.SplitSeq(documents, "\n---\n") {
		object := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), &object.Object)).To(Succeed(), document)
		object.SetNamespace(namespace)
		Expect(k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("person"), client.ForceOwnership)).
			To(Succeed(), "%s %s", object.GetKind(), object.GetName())
	}
}

// follows expects a change of a route to be served, so that the controller is at work.
func follows(ctx context.Context, version string) {
	GinkgoHelper()
	apply(ctx, fmt.Sprintf(`
apiVersion: gateway.kubera.dev/v1alpha1
kind: StaticResponseFilter
metadata: {name: version}
spec: {text: %q}`, version))
	Eventually(get).WithArguments(ctx, "/version").Should(Equal("200 " + version))
}

// programmed waits until the Gateway is, and returns its address.
func programmed(ctx context.Context) string {
	GinkgoHelper()
	var gateway gwv1.Gateway
	Eventually(func(g Gomega) {
		g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: gatewayName}, &gateway)).To(Succeed())
		c := meta.FindStatusCondition(gateway.Status.Conditions, string(gwv1.GatewayConditionProgrammed))
		g.Expect(c).NotTo(BeNil())
		g.Expect(c.ObservedGeneration).To(Equal(gateway.Generation))
		g.Expect(c.Status).To(Equal(metav1.ConditionTrue), c.Message)
	}).WithContext(ctx).Should(Succeed())
	return gateway.Status.Addresses[0].Value
}

// address of the Gateway. It stays, unless the Gateway is made anew.
var address string

// get sends a request on a connection of its own and gives "STATUS BODY".
func get(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if address == "" {
		address = programmed(ctx)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return "", err
	}
	request.Close = true
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		// Wrapped, as Gomega takes context.DeadlineExceeded, a zero value, for no error.
		return "", fmt.Errorf("request %s: %w", path, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fmt.Sprintf("%d %s", response.StatusCode, strings.TrimSpace(string(body))), err
}
