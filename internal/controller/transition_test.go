// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// recorded are the Events that raise raises, in order.
func recorded(t *testing.T, raise func(events.EventRecorder)) []string {
	t.Helper()
	recorder := events.NewFakeRecorder(100)
	raise(recorder)
	close(recorder.Events)
	var all []string
	for e := range recorder.Events {
		all = append(all, e)
	}
	return all
}

func TestAnnounceParents(t *testing.T) {
	const foreign = "example.com/other"
	parent := func(controller gwv1.GatewayController, name string, section *gwv1.SectionName, conditions ...string) gwv1.RouteParentStatus {
		return gwv1.RouteParentStatus{
			ControllerName: controller, Conditions: saying(conditions...),
			ParentRef: gwv1.ParentReference{Name: gwv1.ObjectName(name), SectionName: section},
		}
	}
	status := func(parents ...gwv1.RouteParentStatus) gwv1.RouteStatus { return gwv1.RouteStatus{Parents: parents} }
	good, bad := []string{"Accepted", "True", "ResolvedRefs", "True"}, []string{"Accepted", "False", "ResolvedRefs", "False"}
	ours := func(conditions []string) gwv1.RouteParentStatus {
		return parent(DefaultControllerName, "web", nil, conditions...)
	}
	both := []string{"Warning NotAccepted Gateway a/web: : ", "Warning RefsNotResolved Gateway a/web: : "}
	for name, tc := range map[string]struct {
		before, now gwv1.RouteStatus
		want        []string
	}{
		"new and bad":                {status(), status(ours(bad)), both},
		"new and good":               {status(), status(ours(good)), nil},
		"good, then bad":             {status(ours(good)), status(ours(bad)), both},
		"bad, as before":             {status(ours(bad)), status(ours(bad)), nil},
		"bad, then good":             {status(ours(bad)), status(ours(good)), nil},
		"unknown, then bad":          {status(ours([]string{"Accepted", "Unknown"})), status(ours(bad[:2])), both[:1]},
		"those of others":            {status(), status(parent(foreign, "web", nil, bad...)), nil},
		"others said so before":      {status(parent(foreign, "web", nil, bad...)), status(ours(bad)), both},
		"of another parent":          {status(parent(DefaultControllerName, "api", nil, bad...)), status(ours(bad)), both},
		"of another listener":        {status(parent(DefaultControllerName, "web", new(gwv1.SectionName("x")), bad...)), status(ours(bad)), both},
		"the same, in another place": {status(parent(foreign, "x", nil), ours(bad)), status(ours(bad)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := recorded(t, func(recorder events.EventRecorder) {
				d := &dependentStatuses{events: recorder, controllerName: DefaultControllerName}
				d.announceParents(&gwv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "r"}}, tc.before, tc.now)
			})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnnounceAncestors(t *testing.T) {
	got := recorded(t, func(recorder events.EventRecorder) {
		d := &dependentStatuses{events: recorder, controllerName: DefaultControllerName}
		d.announceAncestors(&gwv1.BackendTLSPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "a"}}, gwv1.PolicyStatus{}, gwv1.PolicyStatus{
			Ancestors: []gwv1.PolicyAncestorStatus{{
				ControllerName: DefaultControllerName, Conditions: saying("Accepted", "False"),
				AncestorRef: gwv1.ParentReference{Name: "web", Namespace: new(gwv1.Namespace("infra"))},
			}},
		})
	})
	if diff := cmp.Diff([]string{"Warning NotAccepted Gateway infra/web: : "}, got); diff != "" {
		t.Error(diff)
	}
}

// A status that could not be written is written again, and told of then.
func TestOnlyWhatIsWrittenIsAnnounced(t *testing.T) {
	route := &gwv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "r"}}
	var failure error
	c := fake.NewClientBuilder().WithScheme(NewScheme()).WithObjects(route).WithStatusSubresource(route).WithInterceptorFuncs(interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, c client.Client, of string, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			if failure != nil {
				return failure
			}
			return c.SubResource(of).Patch(ctx, o, patch, opts...)
		},
	}).Build()
	name := client.ObjectKeyFromObject(route)
	wanted := &gatewayapi.Statuses{HTTPRoutes: map[types.NamespacedName]gwv1.RouteStatus{name: {Parents: []gwv1.RouteParentStatus{{
		ControllerName: DefaultControllerName, ParentRef: gwv1.ParentReference{Name: "web"}, Conditions: saying("Accepted", "False"),
	}}}}}
	for _, step := range []struct {
		failure error
		want    int
	}{{errors.New("away"), 0}, {nil, 1}, {nil, 0}} {
		failure = step.failure
		if err := c.Get(t.Context(), name, route); err != nil {
			t.Fatal(err)
		}
		got := recorded(t, func(recorder events.EventRecorder) {
			d := &dependentStatuses{writer: &statusWriter{client: c}, events: recorder, controllerName: DefaultControllerName, now: time.Now}
			err := d.write(t.Context(), types.NamespacedName{Namespace: "default", Name: "web"}, &snapshot.Snapshot{HTTPRoutes: []*gwv1.HTTPRoute{route}}, wanted)
			if !errors.Is(err, step.failure) {
				t.Errorf("got the error %v, want %v", err, step.failure)
			}
		})
		if len(got) != step.want {
			t.Errorf("announced %q with the failure %v", got, step.failure)
		}
	}
}

func TestParentReference(t *testing.T) {
	ref := gwv1.ParentReference{
		Kind: new(gwv1.Kind("ListenerSet")), Namespace: new(gwv1.Namespace("infra")), Name: "set",
		SectionName: new(gwv1.SectionName("https")), Port: new(gwv1.PortNumber(443)),
	}
	if got, want := nameOfParent(ref, "a"), "ListenerSet infra/set, listener https, port 443"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got := parentReference(ref, "a")
	if got.Kind != "ListenerSet" || got.Namespace != "infra" || got.Name != "set" || got.FieldPath != "https" {
		t.Errorf("got %+v", got)
	}
	got = parentReference(gwv1.ParentReference{Name: "web"}, "a")
	if got.Kind != "Gateway" || got.Namespace != "a" || got.APIVersion != "gateway.networking.k8s.io/v1" {
		t.Errorf("got %+v", got)
	}
}

func TestAnnounceProgrammed(t *testing.T) {
	because := func(status string) []metav1.Condition {
		return []metav1.Condition{
			{Type: "Accepted", Status: "True", Reason: "Accepted"},
			{Type: "Programmed", Status: metav1.ConditionStatus(status), Reason: "Pending", Message: "no proxy is ready"},
		}
	}
	for name, tc := range map[string]struct {
		before, now []metav1.Condition
		want        []string
	}{
		"for the first time":    {nil, because("True"), []string{"Normal Programmed Served by 2 proxies at 192.0.2.1, gw.example"}},
		"again":                 {because("False"), because("True"), []string{"Normal Programmed Served by 2 proxies at 192.0.2.1, gw.example"}},
		"still":                 {because("True"), because("True"), nil},
		"not yet":               {nil, because("False"), nil},
		"still not":             {because("False"), because("False"), nil},
		"not any more":          {because("True"), because("False"), []string{"Warning NotProgrammed Pending: no proxy is ready"}},
		"nobody knows any more": {because("True"), because("Unknown"), []string{"Warning NotProgrammed Pending: no proxy is ready"}},
		"not accepted":          {because("True"), saying("Accepted", "False"), []string{"Warning NotAccepted : "}},
	} {
		t.Run(name, func(t *testing.T) {
			got := recorded(t, func(recorder events.EventRecorder) {
				r := &programmedReconciler{events: recorder}
				gateway := testGateway("1")
				gateway.Status.Conditions = tc.before
				now := gwv1.GatewayStatus{Conditions: tc.now, Addresses: []gwv1.GatewayStatusAddress{{Value: "192.0.2.1"}, {Value: "gw.example"}}}
				r.announceProgrammed(gateway, now, 2)
			})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
