// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/status"
)

// memory reads from indexes in memory, as a cache does.
type memory map[reflect.Type]toolscache.Indexer

func (m memory) of(o any) toolscache.Indexer {
	typ := reflect.TypeOf(o)
	if m[typ] == nil {
		m[typ] = toolscache.NewIndexer(toolscache.DeletionHandlingMetaNamespaceKeyFunc, toolscache.Indexers{})
	}
	return m[typ]
}

func (m memory) IndexField(_ context.Context, o client.Object, field string, keys client.IndexerFunc) error {
	return m.of(o).AddIndexers(toolscache.Indexers{field: func(o any) ([]string, error) {
		object := o.(client.Object) //nolint:forcetypeassert // nothing else is added
		var values []string
		for _, key := range keys(object) {
			values = append(values, "/"+key, object.GetNamespace()+"/"+key)
		}
		return values, nil
	}})
}

func (m memory) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	name := key.String()
	if key.Namespace == "" {
		name = key.Name
	}
	found, ok, err := m.of(into).GetByKey(name)
	if err != nil || !ok {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	reflect.ValueOf(into).Elem().Set(reflect.ValueOf(found).Elem())
	return nil
}

func (m memory) List(_ context.Context, into client.ObjectList, options ...client.ListOption) error {
	var o client.ListOptions
	o.ApplyOptions(options)
	items := reflect.ValueOf(into).Elem().FieldByName("Items")
	indexer := m.of(reflect.New(items.Type().Elem()).Interface())
	requirement := o.FieldSelector.Requirements()[0]
	found, err := indexer.ByIndex(requirement.Field, o.Namespace+"/"+requirement.Value)
	if err != nil {
		return err
	}
	objects := make([]runtime.Object, 0, len(found))
	for _, f := range found {
		objects = append(objects, f.(runtime.Object)) //nolint:forcetypeassert // nothing else is added
	}
	return meta.SetList(into, objects)
}

func (m memory) add(b *testing.B, o client.Object, namespace, name string) {
	b.Helper()
	o.SetNamespace(namespace)
	o.SetName(name)
	if err := m.of(o).Add(o); err != nil {
		b.Fatal(err)
	}
}

func (m memory) gateway(b *testing.B, name string, routes, services int) {
	b.Helper()
	gateway := &gwv1.Gateway{Spec: gwv1.GatewaySpec{
		GatewayClassName: "kubera",
		Listeners:        []gwv1.Listener{{Name: "http", Port: 80, Protocol: gwv1.HTTPProtocolType}},
	}}
	m.add(b, gateway, "default", name)
	for i := range routes {
		service := fmt.Sprintf("echo-%d", i%services)
		route := &gwv1.HTTPRoute{Spec: gwv1.HTTPRouteSpec{
			CommonRouteSpec: gwv1.CommonRouteSpec{ParentRefs: []gwv1.ParentReference{{Name: gwv1.ObjectName(name)}}},
			Hostnames:       []gwv1.Hostname{gwv1.Hostname(fmt.Sprintf("%d.example.com", i))},
			Rules: []gwv1.HTTPRouteRule{{BackendRefs: []gwv1.HTTPBackendRef{{BackendRef: gwv1.BackendRef{
				BackendObjectReference: gwv1.BackendObjectReference{Name: gwv1.ObjectName(service), Port: new(gwv1.PortNumber(80))},
			}}}}},
		}}
		m.add(b, route, "default", fmt.Sprintf("%s-%d", name, i))
	}
}

// benchmarkReconciler has one class and some Services with two endpoints.
func benchmarkReconciler(b *testing.B, services int) (memory, *gatewayReconciler) {
	b.Helper()
	m := memory{}
	if err := cluster.AddIndexes(b.Context(), m, nil); err != nil {
		b.Fatal(err)
	}
	m.add(b, &gwv1.GatewayClass{Spec: gwv1.GatewayClassSpec{ControllerName: DefaultControllerName}}, "", "kubera")
	m.add(b, &corev1.Namespace{}, "", "default")
	for i := range services {
		name := fmt.Sprintf("echo-%d", i)
		m.add(b, &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}, "default", name)
		m.add(b, slice(name, "192.0.2.1"), "default", name+"-1")
	}
	f := fleet.New(fleet.Options{})
	b.Cleanup(f.Close)
	reader := &cluster.Reader{Client: m, Interests: &cluster.Interests{}, ControllerName: DefaultControllerName}
	r := &gatewayReconciler{
		reader: reader, translation: gatewayapi.Options{ControllerName: DefaultControllerName},
		programs: newPrograms(), fleet: f, now: time.Now,
		statuses: &dependentStatuses{writer: &statusWriter{}, controllerName: DefaultControllerName, now: time.Now},
	}
	r.endpoints = &endpoints{reader: reader, programs: r.programs, fleet: f}
	return m, r
}

func slice(service, address string) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Port: new(int32(8080)), Name: new("")}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{address}}},
	}
}

// reconcileOnce does what Reconcile does, but for the objects of the Gateway.
func reconcileOnce(b *testing.B, r *gatewayReconciler, name types.NamespacedName) *program {
	b.Helper()
	snap, err := r.reader.Gateway(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	result := gatewayapi.Translate(snap, r.translation)
	p := &program{model: result.Gateways[0]}
	if err := r.push(b.Context(), p); err != nil {
		b.Fatal(err)
	}
	if err := r.statuses.write(b.Context(), name, snap, &result.Statuses); err != nil {
		b.Fatal(err)
	}
	return p
}

// reportRoutes gives routes the statuses that a first reconcile would.
func (m memory) reportRoutes(b *testing.B, r *gatewayReconciler, name types.NamespacedName) {
	b.Helper()
	snap, err := r.reader.Gateway(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	statuses := gatewayapi.Translate(snap, r.translation).Statuses.HTTPRoutes
	scope := status.Scope{ControllerName: DefaultControllerName, Now: metav1.NewTime(r.now())}
	for _, o := range m.of(&gwv1.HTTPRoute{}).List() {
		route := o.(*gwv1.HTTPRoute) //nolint:forcetypeassert // nothing else is added
		if route.Spec.ParentRefs[0].Name == gwv1.ObjectName(name.Name) {
			route.Status.RouteStatus = status.MergeRoute(route.Status.RouteStatus, statuses[client.ObjectKeyFromObject(route)], scope)
		}
	}
}

// BenchmarkReconcile is an event at a Gateway with 5,000 HTTPRoutes and 1,000
// Services that changes nothing.
func BenchmarkReconcile(b *testing.B) {
	m, r := benchmarkReconciler(b, 1000)
	m.gateway(b, "web", 5000, 1000)
	name := types.NamespacedName{Namespace: "default", Name: "web"}
	m.reportRoutes(b, r, name)
	p := reconcileOnce(b, r, name)
	if len(p.model.Routes) != 5000 || len(p.backends) != 1000 {
		b.Fatalf("%d routes and %d backends", len(p.model.Routes), len(p.backends))
	}
	b.ReportAllocs()
	for b.Loop() {
		reconcileOnce(b, r, name)
	}
}

// BenchmarkEndpoints is an event at an EndpointSlice in a cluster with 1,000
// Gateways, of a Service that one of them uses, or all.
func BenchmarkEndpoints(b *testing.B) {
	for _, users := range []int{1, 1000} {
		b.Run(fmt.Sprintf("gateways=%d", users), func(b *testing.B) {
			m, r := benchmarkReconciler(b, 2)
			for i := range 1000 {
				name := fmt.Sprintf("web-%d", i)
				routes := 0
				if i < users {
					routes = 2
				}
				m.gateway(b, name, routes, 2)
				key := types.NamespacedName{Namespace: "default", Name: name}
				m.reportRoutes(b, r, key)
				reconcileOnce(b, r, key)
			}
			service := types.NamespacedName{Namespace: "default", Name: "echo-0"}
			if n := len(r.reader.Interests.Of(cluster.Endpoints, service)); n != users {
				b.Fatalf("%d Gateways use the Service, want %d", n, users)
			}
			slices := [2]*discoveryv1.EndpointSlice{slice("echo-0", "192.0.2.2"), slice("echo-0", "192.0.2.3")}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				m.add(b, slices[i%2], "default", "echo-0-1")
				i++
				if _, err := r.endpoints.Reconcile(b.Context(), reconcile.Request{NamespacedName: service}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
