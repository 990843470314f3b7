// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

const world = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: kubera}
spec: {controllerName: x/y, parametersRef: {group: gateway.kubera.dev, kind: GatewayClassParameters, name: defaults}}
---
apiVersion: gateway.kubera.dev/v1alpha1
kind: GatewayClassParameters
metadata: {name: defaults}
---
apiVersion: gateway.kubera.dev/v1alpha1
kind: GatewayParameters
metadata: {name: web, namespace: infra}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: infra}
spec:
  gatewayClassName: kubera
  infrastructure: {parametersRef: {group: gateway.kubera.dev, kind: GatewayParameters, name: web}}
  tls:
    backend: {clientCertificateRef: {name: client, namespace: keys}}
    frontend:
      default:
        validation:
          caCertificateRefs:
          - {group: "", kind: ConfigMap, name: clients}
          - {group: "", kind: Secret, name: site-ca}
      perPort:
      - port: 8443
        tls: {validation: {caCertificateRefs: [{group: "", kind: ConfigMap, name: partners, namespace: cas}]}}
      - {port: 9443, tls: {}}
  listeners:
  - {name: http, port: 80, protocol: HTTP}
  - name: https
    port: 443
    protocol: HTTPS
    tls:
      certificateRefs:
      - {name: site}
      - {name: elsewhere, namespace: certs}
      - {name: missing}
      - {name: not-a-secret, kind: ConfigMap}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: clients, namespace: infra}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: unrelated, namespace: infra}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: partners, namespace: cas}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: backends, namespace: apps}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: cas, namespace: cas}
---
apiVersion: v1
kind: Secret
metadata: {name: site-ca, namespace: infra}
---
apiVersion: v1
kind: Secret
metadata: {name: site, namespace: infra}
---
apiVersion: v1
kind: Secret
metadata: {name: elsewhere, namespace: certs}
---
apiVersion: v1
kind: Secret
metadata: {name: client, namespace: keys}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: client, namespace: keys}
---
apiVersion: v1
kind: Secret
metadata: {name: unrelated, namespace: infra}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: certs, namespace: certs}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: unrelated, namespace: unrelated}
---
apiVersion: v1
kind: Namespace
metadata: {name: apps}
---
apiVersion: v1
kind: Namespace
metadata: {name: unrelated}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop, namespace: apps}
spec:
  parentRefs: [{name: web, namespace: infra}, {kind: ListenerSet, name: set}]
  rules:
  - filters:
    - {type: ExtensionRef, extensionRef: {group: gateway.kubera.dev, kind: AccessControlFilter, name: office}}
    - {type: ExtensionRef, extensionRef: {group: example.com, kind: AccessControlFilter, name: theirs}}
    - {type: RequestMirror, requestMirror: {backendRef: {name: mirror, port: 80}}}
    backendRefs:
    - {name: shop, port: 80}
    - {name: remote, namespace: far, port: 80}
    - {name: bucket, kind: Bucket, group: example.com}
    - name: missing
      port: 80
      filters: [{type: ExtensionRef, extensionRef: {group: gateway.kubera.dev, kind: StaticResponseFilter, name: sorry}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: left, namespace: apps}
spec: {parentRefs: [{name: other}]}
status: {parents: [{parentRef: {name: web, namespace: infra}, controllerName: x/y, conditions: []}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: unrelated, namespace: apps}
spec: {parentRefs: [{name: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: apps}
---
apiVersion: v1
kind: Service
metadata: {name: mirror, namespace: apps}
---
apiVersion: v1
kind: Service
metadata: {name: remote, namespace: far}
---
apiVersion: v1
kind: Service
metadata: {name: unrelated, namespace: apps}
---
apiVersion: gateway.kubera.dev/v1alpha1
kind: AccessControlFilter
metadata: {name: office, namespace: apps}
---
apiVersion: gateway.kubera.dev/v1alpha1
kind: AccessControlFilter
metadata: {name: theirs, namespace: apps}
---
apiVersion: gateway.kubera.dev/v1alpha1
kind: StaticResponseFilter
metadata: {name: sorry, namespace: apps}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: shop-1, namespace: apps, labels: {kubernetes.io/service-name: shop}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: shop-2, namespace: apps, labels: {kubernetes.io/service-name: shop}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: shop-3, namespace: far, labels: {kubernetes.io/service-name: shop}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: grpc, namespace: apps}
spec: {parentRefs: [{name: web, namespace: infra}], rules: [{backendRefs: [{name: grpc, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: tls, namespace: apps}
spec: {parentRefs: [{name: web, namespace: infra}], rules: [{backendRefs: [{name: tls, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: tcp, namespace: apps}
spec: {parentRefs: [{name: web, namespace: infra}], rules: [{backendRefs: [{name: tcp, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: UDPRoute
metadata: {name: udp, namespace: apps}
spec: {parentRefs: [{name: web, namespace: infra}], rules: [{backendRefs: [{name: udp, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: UDPRoute
metadata: {name: unrelated, namespace: apps}
spec: {parentRefs: [{name: other, namespace: infra}], rules: [{backendRefs: [{name: udp, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: set, namespace: apps}
spec:
  parentRef: {name: web, namespace: infra}
  listeners:
  - {name: a, port: 80, protocol: HTTP}
  - {name: b, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: set-cert, namespace: more-certs}]}}
---
apiVersion: v1
kind: Secret
metadata: {name: set-cert, namespace: more-certs}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: sets, namespace: more-certs}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: of-set, namespace: apps}
spec: {parentRefs: [{kind: ListenerSet, name: set}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: left-set, namespace: far}
spec: {parentRefs: [{name: other}], rules: [{backendRefs: [{name: nowhere, port: 80}]}]}
status: {parents: [{parentRef: {kind: ListenerSet, name: set, namespace: apps}, controllerName: x/y, conditions: []}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: of-unrelated-set, namespace: apps}
spec: {parentRefs: [{kind: ListenerSet, name: unrelated}, {group: example.com, kind: ListenerSet, name: set}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: unrelated, namespace: apps}
spec: {parentRef: {name: web}, listeners: [{name: a, port: 80, protocol: HTTP}]}
---
apiVersion: v1
kind: Service
metadata: {name: grpc, namespace: apps}
---
apiVersion: v1
kind: Service
metadata: {name: tls, namespace: apps}
---
apiVersion: v1
kind: Service
metadata: {name: tcp, namespace: apps}
---
apiVersion: v1
kind: Service
metadata: {name: udp, namespace: apps}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: shop, namespace: apps}
spec:
  targetRefs: [{group: "", kind: Service, name: shop}, {group: "", kind: Service, name: mirror}]
  validation: {hostname: shop.example.com, caCertificateRefs: [{group: "", kind: ConfigMap, name: backends}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: left, namespace: apps}
spec: {targetRefs: [{group: "", kind: Service, name: unrelated}, {group: example.com, kind: Service, name: shop}]}
status: {ancestors: [{ancestorRef: {name: web, namespace: infra}, controllerName: x/y, conditions: []}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: shop, namespace: far}
spec: {targetRefs: [{group: "", kind: Service, name: shop}]}`

// fieldIndexer collects indexes for a fake client.
type fieldIndexer func(client.Object, string, client.IndexerFunc)

func (f fieldIndexer) IndexField(_ context.Context, o client.Object, field string, keys client.IndexerFunc) error {
	f(o, field, keys)
	return nil
}

func testReader(t *testing.T, funcs interceptor.Funcs) *Reader {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, gwv1.Install, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	b := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(funcs)
	err := AddIndexes(t.Context(), fieldIndexer(func(o client.Object, field string, keys client.IndexerFunc) {
		b.WithIndex(o, field, keys)
	}), Absent{})
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(world, "\n---\n") {
		var kind struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			t.Fatal(err)
		}
		gv := strings.Split("/"+kind.APIVersion, "/")
		o, err := scheme.New(runtimeKind(gv[len(gv)-2], gv[len(gv)-1], kind.Kind))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict([]byte(document), o); err != nil {
			t.Fatal(err)
		}
		b.WithRuntimeObjects(o)
	}
	return &Reader{Client: b.Build(), Interests: &Interests{}, ControllerName: "x/y"}
}

// namesOf lists a Snapshot as "Kind namespace/name".
func namesOf(s *snapshot.Snapshot) []string {
	var names []string
	names = append(names, listed("GatewayClass", s.GatewayClasses)...)
	names = append(names, listed("Gateway", s.Gateways)...)
	names = append(names, listed("GatewayClassParameters", s.GatewayClassParameters)...)
	names = append(names, listed("GatewayParameters", s.GatewayParameters)...)
	names = append(names, listed("HTTPRoute", s.HTTPRoutes)...)
	names = append(names, listed("GRPCRoute", s.GRPCRoutes)...)
	names = append(names, listed("TLSRoute", s.TLSRoutes)...)
	names = append(names, listed("TCPRoute", s.TCPRoutes)...)
	names = append(names, listed("UDPRoute", s.UDPRoutes)...)
	names = append(names, listed("ListenerSet", s.ListenerSets)...)
	names = append(names, listed("ReferenceGrant", s.ReferenceGrants)...)
	names = append(names, listed("BackendTLSPolicy", s.BackendTLSPolicies)...)
	names = append(names, listed("Namespace", s.Namespaces)...)
	names = append(names, listed("Service", s.Services)...)
	names = append(names, listed("Secret", s.Secrets)...)
	names = append(names, listed("ConfigMap", s.ConfigMaps)...)
	names = append(names, listed("AccessControlFilter", s.AccessControlFilters)...)
	names = append(names, listed("StaticResponseFilter", s.StaticResponseFilters)...)
	names = append(names, listed("EndpointSlice", s.EndpointSlices)...)
	slices.Sort(names)
	return names
}

func listed[T client.Object](kind string, objects []T) []string {
	var names []string
	for _, o := range objects {
		names = append(names, kind+" "+snapshot.NameOf(o).String())
	}
	return names
}

func TestReadWhatAGatewayDependsOn(t *testing.T) {
	r := testReader(t, interceptor.Funcs{})
	s, err := r.Gateway(t.Context(), nn("infra", "web"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"AccessControlFilter apps/office",
		"BackendTLSPolicy apps/left",
		"BackendTLSPolicy apps/shop",
		"ConfigMap apps/backends",
		"ConfigMap cas/partners",
		"ConfigMap infra/clients",
		"GRPCRoute apps/grpc",
		"Gateway infra/web",
		"GatewayClass /kubera",
		"GatewayClassParameters /defaults",
		"GatewayParameters infra/web",
		"HTTPRoute apps/left",
		"HTTPRoute apps/of-set",
		"HTTPRoute apps/shop",
		"ListenerSet apps/set",
		"Namespace /apps",
		"ReferenceGrant cas/cas",
		"ReferenceGrant certs/certs",
		"ReferenceGrant keys/client",
		"ReferenceGrant more-certs/sets",
		"Secret certs/elsewhere",
		"Secret infra/site",
		"Secret keys/client",
		"Secret more-certs/set-cert",
		"Service apps/grpc",
		"Service apps/mirror",
		"Service apps/shop",
		"Service apps/tcp",
		"Service apps/tls",
		"Service apps/udp",
		"Service far/remote",
		"StaticResponseFilter apps/sorry",
		"TCPRoute apps/tcp",
		"TCPRoute far/left-set",
		"TLSRoute apps/tls",
		"UDPRoute apps/udp",
	}
	if diff := cmp.Diff(want, namesOf(s)); diff != "" {
		t.Error(diff)
	}

	web := nn("infra", "web")
	for _, key := range []Key{
		{GatewayClass, nn("", "kubera")}, {GatewayClassParameters, nn("", "defaults")}, {GatewayParameters, web},
		{Secret, nn("infra", "site")}, {Secret, nn("infra", "missing")}, {Grants, nn("certs", "")}, {Grants, nn("far", "")},
		{Service, nn("apps", "missing")}, {Endpoints, nn("apps", "shop")}, {Namespace, nn("", "apps")},
		{AccessControlFilter, nn("apps", "office")}, {StaticResponseFilter, nn("apps", "sorry")},
		{ConfigMap, nn("cas", "partners")}, {ListenerSet, nn("apps", "set")}, {Secret, nn("more-certs", "set-cert")},
	} {
		if !slices.Contains(r.Interests.Of(key.Kind, key.NamespacedName), web) {
			t.Errorf("a change of %v would go unnoticed", key)
		}
	}
	for _, key := range []Key{
		{Service, nn("apps", "unrelated")}, {Secret, nn("infra", "unrelated")}, {Secret, nn("infra", "not-a-secret")},
		{Grants, nn("infra", "")}, {AccessControlFilter, nn("apps", "theirs")}, {Service, nn("apps", "bucket")},
	} {
		if len(r.Interests.Of(key.Kind, key.NamespacedName)) != 0 {
			t.Errorf("%v concerns nobody, but would start work", key)
		}
	}
}

func TestReadOptionalKinds(t *testing.T) {
	r := testReader(t, interceptor.Funcs{})
	r.Absent = Absent{}
	for _, kind := range OptionalKinds() {
		r.Absent[kind] = true
	}
	s, err := r.Gateway(t.Context(), nn("infra", "web"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range namesOf(s) {
		kind, _, _ := strings.Cut(name, " ")
		if r.Absent[Kind(kind)] {
			t.Errorf("%s was read, of a kind that the cluster doesn't have", name)
		}
	}
	if n := len(r.Absent.Children()); n != 1 {
		t.Errorf("%d kinds of children would be watched, want HTTPRoutes only", n)
	}
}

// TestReadGatewayOfOthers: what other controllers serve costs nothing, but that
// the class may come to be ours has to be noticed.
func TestReadGatewayOfOthers(t *testing.T) {
	r := testReader(t, interceptor.Funcs{})
	r.ControllerName = "x/other"
	s, err := r.Gateway(t.Context(), nn("infra", "web"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Gateway infra/web", "GatewayClass /kubera"}, namesOf(s)); diff != "" {
		t.Error(diff)
	}
	if len(r.Interests.Of(GatewayClass, nn("", "kubera"))) != 1 {
		t.Error("a change of the class would go unnoticed")
	}
}

func TestReadGatewayThatIsGone(t *testing.T) {
	r := testReader(t, interceptor.Funcs{})
	s, err := r.Gateway(t.Context(), nn("infra", "gone"))
	if err != nil {
		t.Fatal(err)
	}
	if names := namesOf(s); names != nil {
		t.Errorf("read %v", names)
	}
}

func TestReadFailure(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, kind := range []client.Object{&corev1.Secret{}, &corev1.Service{}, &gwv1.Gateway{}, &v1alpha1.AccessControlFilter{}} {
		r := testReader(t, interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if sameType(o, kind) {
					return broken
				}
				return c.Get(ctx, key, o, opts...)
			},
		})
		_, err := r.Gateway(t.Context(), nn("infra", "web"))
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "infra/web") {
			t.Errorf("%T: got %v, want the cause and the Gateway", kind, err)
		}
	}
}

func TestInUse(t *testing.T) {
	r := testReader(t, interceptor.Funcs{})
	for class, want := range map[string]bool{"kubera": true, "unused": false} {
		if got, err := r.InUse(t.Context(), class); got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", class, got, err, want)
		}
	}
}

func TestEndpointSlices(t *testing.T) {
	r := testReader(t, interceptor.Funcs{})
	got, err := r.EndpointSlices(t.Context(), nn("apps", "shop"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"EndpointSlice apps/shop-1", "EndpointSlice apps/shop-2"}
	if diff := cmp.Diff(want, listed("EndpointSlice", got)); diff != "" {
		t.Error(diff)
	}
}

func TestRoutesOfSet(t *testing.T) {
	r := testReader(t, interceptor.Funcs{})
	s, err := r.RoutesOfSet(t.Context(), nn("apps", "set"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"HTTPRoute apps/of-set", "HTTPRoute apps/shop", "TCPRoute far/left-set"}
	if diff := cmp.Diff(want, namesOf(s)); diff != "" {
		t.Error(diff)
	}
}

func TestSetParents(t *testing.T) {
	route := &gwv1.HTTPRoute{}
	route.Namespace = "apps"
	set, far, foreign := gwv1.Kind("ListenerSet"), gwv1.Namespace("far"), gwv1.Group("example.com")
	route.Spec.ParentRefs = []gwv1.ParentReference{
		{Name: "gateway"}, {Kind: &set, Name: "a"}, {Kind: &set, Name: "a", SectionName: new(gwv1.SectionName("x"))},
		{Kind: &set, Name: "b", Namespace: &far}, {Kind: &set, Group: &foreign, Name: "c"},
	}
	route.Status.Parents = []gwv1.RouteParentStatus{{ParentRef: gwv1.ParentReference{Kind: &set, Name: "before"}}}
	var names []string
	for _, n := range SetParents(route) {
		names = append(names, n.String())
	}
	if diff := cmp.Diff([]string{"apps/a", "far/b", "apps/before"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestParents(t *testing.T) {
	route := &gwv1.HTTPRoute{}
	route.Namespace = "apps"
	service := gwv1.Kind("Service")
	core := gwv1.Group("")
	far := gwv1.Namespace("far")
	route.Spec.ParentRefs = []gwv1.ParentReference{
		{Name: "a"}, {Name: "a", SectionName: new(gwv1.SectionName("x"))}, {Name: "b", Namespace: &far},
		{Name: "mesh", Kind: &service, Group: &core},
	}
	route.Status.Parents = []gwv1.RouteParentStatus{{ParentRef: gwv1.ParentReference{Name: "before"}}, {ParentRef: gwv1.ParentReference{Name: "a"}}}
	got := Parents(route)
	want := []string{"apps/a", "far/b", "apps/before"}
	var names []string
	for _, n := range got {
		names = append(names, n.String())
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if Parents(&discoveryv1.EndpointSlice{}) != nil {
		t.Error("an object that is no route has parents")
	}
}

func runtimeKind(group, version, kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: group, Version: version, Kind: kind}
}

func sameType(a, b any) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) }
