// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/cluster"
)

// fieldIndexer collects indexes for a fake client.
type fieldIndexer func(client.Object, string, client.IndexerFunc)

func (f fieldIndexer) IndexField(_ context.Context, o client.Object, field string, keys client.IndexerFunc) error {
	f(o, field, keys)
	return nil
}

// indexedClient is a fake client with the indexes of the operator's cache.
func indexedClient(t *testing.T, objects ...client.Object) client.Client {
	t.Helper()
	b := fake.NewClientBuilder().WithScheme(NewScheme()).WithObjects(objects...).WithStatusSubresource(&gwv1.HTTPRoute{}, &gwv1.ListenerSet{}, &gwv1.GatewayClass{})
	err := cluster.AddIndexes(t.Context(), fieldIndexer(func(o client.Object, field string, keys client.IndexerFunc) {
		b.WithIndex(o, field, keys)
	}), cluster.Absent{})
	if err != nil {
		t.Fatal(err)
	}
	return b.Build()
}

// TestSetThatIsNotOurs: the entries for a ListenerSet go when it is no part of a
// Gateway of ours any more, those of others and for other parents stay.
func TestSetThatIsNotOurs(t *testing.T) {
	const ours = DefaultControllerName
	kind := gwv1.Kind("ListenerSet")
	ref := func(name string) gwv1.ParentReference {
		return gwv1.ParentReference{Kind: &kind, Name: gwv1.ObjectName(name)}
	}
	entries := []gwv1.RouteParentStatus{
		{ParentRef: ref("set"), ControllerName: ours},
		{ParentRef: ref("set"), ControllerName: "example.com/other"},
		{ParentRef: ref("another"), ControllerName: ours},
		{ParentRef: gwv1.ParentReference{Name: "set"}, ControllerName: ours},
	}
	set := func(gateway string) client.Object {
		s := &gwv1.ListenerSet{}
		s.Namespace, s.Name, s.Spec.ParentRef.Name = "a", "set", gwv1.ObjectName(gateway)
		return s
	}
	gateway := func(class string) client.Object {
		g := &gwv1.Gateway{}
		g.Namespace, g.Name, g.Spec.GatewayClassName = "a", "web", gwv1.ObjectName(class)
		return g
	}
	class := func(controller gwv1.GatewayController) client.Object {
		c := &gwv1.GatewayClass{}
		c.Name, c.Spec.ControllerName = "kubera", controller
		return c
	}
	for name, tc := range map[string]struct {
		objects []client.Object
		stays   bool
	}{
		"of a Gateway of ours":      {[]client.Object{set("web"), gateway("kubera"), class(ours)}, true},
		"gone":                      {[]client.Object{gateway("kubera"), class(ours)}, false},
		"of a Gateway that is gone": {[]client.Object{set("web"), class(ours)}, false},
		"of another Gateway":        {[]client.Object{set("other"), gateway("kubera"), class(ours)}, false},
		"of another controller":     {[]client.Object{set("web"), gateway("kubera"), class("example.com/other")}, false},
		"of a class that is gone":   {[]client.Object{set("web"), gateway("kubera")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			route := &gwv1.HTTPRoute{}
			route.Namespace, route.Name, route.Status.Parents = "a", "route", entries
			c := indexedClient(t, append(tc.objects, route)...)
			r := &setReconciler{
				reader: &cluster.Reader{Client: c, Interests: &cluster.Interests{}, ControllerName: ours},
				statuses: &dependentStatuses{
					writer: &statusWriter{client: c}, controllerName: ours, now: time.Now,
				},
			}
			if _, err := r.Reconcile(t.Context(), requestFor(types.NamespacedName{Namespace: "a", Name: "set"})); err != nil {
				t.Fatal(err)
			}
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(route), route); err != nil {
				t.Fatal(err)
			}
			want := entries
			if !tc.stays {
				want = entries[1:]
			}
			if diff := cmp.Diff(want, route.Status.Parents); diff != "" {
				t.Errorf("entries differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOrphan takes back what was said of a ListenerSet, and leaves others' words.
func TestOrphan(t *testing.T) {
	set := &gwv1.ListenerSet{}
	set.Namespace, set.Name, set.Generation, set.Spec.ParentRef.Name = "a", "set", 2, "web"
	set.Status.Conditions = conditionsOf("Accepted=True", "Programmed=True", "example.com/Foreign=True")
	set.Status.Listeners = []gwv1.ListenerEntryStatus{{Name: "http"}}
	c := indexedClient(t, set)
	d := &dependentStatuses{writer: &statusWriter{client: c}, controllerName: DefaultControllerName, now: time.Now}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(set), set); err != nil {
		t.Fatal(err)
	}
	if err := d.orphan(t.Context(), []*gwv1.ListenerSet{set}); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(set), set); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, condition := range set.Status.Conditions {
		got = append(got, condition.Type+"="+string(condition.Status))
	}
	want := []string{"Accepted=Unknown", "Programmed=Unknown", "example.com/Foreign=True"}
	if diff := cmp.Diff(want, got); diff != "" || len(set.Status.Listeners) != 0 {
		t.Errorf("%d listeners, conditions differ (-want +got):\n%s", len(set.Status.Listeners), diff)
	}
}

// conditionsOf reads "Type=Status".
func conditionsOf(list ...string) []metav1.Condition {
	var conditions []metav1.Condition
	for _, text := range list {
		typ, value, _ := strings.Cut(text, "=")
		conditions = append(conditions, metav1.Condition{Type: typ, Status: metav1.ConditionStatus(value), Reason: "Reason"})
	}
	return conditions
}
