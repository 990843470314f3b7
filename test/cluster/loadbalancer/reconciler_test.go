// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package loadbalancer

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// bench is a cluster of Services alone.
type bench struct {
	t          *testing.T
	client     client.Client
	events     *events.FakeRecorder
	reconciler *reconciler
}

func newBench(t *testing.T, services ...client.Object) *bench {
	t.Helper()
	c := fake.NewClientBuilder().WithObjects(services...).WithStatusSubresource(&corev1.Service{}).Build()
	recorder := events.NewFakeRecorder(10)
	return &bench{t: t, client: c, events: recorder, reconciler: &reconciler{
		client: c, events: recorder, pool: netip.MustParsePrefix("192.0.2.0/29"),
	}}
}

// addresses reconciles, and returns what the Services have then.
func (b *bench) addresses() map[string]string {
	b.t.Helper()
	if _, err := b.reconciler.Reconcile(b.t.Context(), reconcile.Request{}); err != nil {
		b.t.Fatal(err)
	}
	var list corev1.ServiceList
	if err := b.client.List(b.t.Context(), &list); err != nil {
		b.t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range list.Items {
		for _, ingress := range s.Status.LoadBalancer.Ingress {
			got[s.Name] += ingress.IP
		}
	}
	return got
}

func service(name string, change func(*corev1.Service)) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer},
	}
	if change != nil {
		change(s)
	}
	return s
}

func TestServicesGetAddresses(t *testing.T) {
	b := newBench(t,
		service("plain", nil),
		service("field", func(s *corev1.Service) { s.Spec.LoadBalancerIP = "192.0.2.1" }),
		service("annotation", func(s *corev1.Service) { s.Annotations = map[string]string{RequestAnnotation: "192.0.2.6"} }),
		service("cluster", func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeClusterIP }),
		service("class", func(s *corev1.Service) { s.Spec.LoadBalancerClass = new("another.example/balancer") }),
	)
	want := map[string]string{"plain": "192.0.2.2", "field": "192.0.2.1", "annotation": "192.0.2.6"}
	for range 2 {
		if diff := cmp.Diff(want, b.addresses()); diff != "" {
			t.Error(diff)
		}
	}
}

// A Service that is deleted, or has another type, gives its address back.
func TestAddressesReturn(t *testing.T) {
	b := newBench(t, service("a", nil), service("b", nil))
	if diff := cmp.Diff(map[string]string{"a": "192.0.2.1", "b": "192.0.2.2"}, b.addresses()); diff != "" {
		t.Fatal(diff)
	}
	if err := b.client.Delete(t.Context(), service("a", nil)); err != nil {
		t.Fatal(err)
	}
	var changed corev1.Service
	if err := b.client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "b"}, &changed); err != nil {
		t.Fatal(err)
	}
	changed.Spec.Type = corev1.ServiceTypeClusterIP
	if err := b.client.Update(t.Context(), &changed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{}, b.addresses()); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"c", "d"} {
		if err := b.client.Create(t.Context(), service(name, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]string{"c": "192.0.2.1", "d": "192.0.2.2"}, b.addresses()); diff != "" {
		t.Error(diff)
	}
}

// What can't be had is not replaced by something else, and the Service says why.
func TestRequestsThatCannotBeHad(t *testing.T) {
	for request, want := range map[string]string{
		"198.51.100.1":        "not in the pool",
		"192.0.2.1,192.0.2.2": "is none",
		"somewhere":           "is none",
	} {
		b := newBench(t, service("a", func(s *corev1.Service) { s.Annotations = map[string]string{RequestAnnotation: request} }))
		if got := b.addresses(); len(got) != 0 {
			t.Errorf("%s: got %v", request, got)
		}
		if event := <-b.events.Events; !strings.Contains(event, want) {
			t.Errorf("%s: event %q", request, event)
		}
	}
}
