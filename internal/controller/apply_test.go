// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func testGateway(uid types.UID) *gwv1.Gateway {
	return &gwv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", UID: uid}}
}

func owned(o client.Object, gateway *gwv1.Gateway) client.Object {
	o.SetNamespace(gateway.Namespace)
	o.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(gateway, gatewayKind)})
	return o
}

func testDeployment(cpu string) *appsv1.Deployment {
	d := &appsv1.Deployment{}
	d.Name = "web-kubera"
	d.Labels = map[string]string{"app": "web"}
	d.Spec.Replicas = new(int32(2))
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	d.Spec.Template.Labels = map[string]string{"app": "web"}
	d.Spec.Template.Spec.Containers = []corev1.Container{{
		Name: "proxy", Image: "proxy:1",
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}},
	}}
	return d
}

// recordingApplier counts what is written.
func recordingApplier(objects ...client.Object) (*applier, *int) {
	writes := 0
	c := fake.NewClientBuilder().WithScheme(NewScheme()).WithReturnManagedFields().WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			writes++
			return c.Apply(ctx, o, opts...)
		},
	}).Build()
	return &applier{cached: c, live: c, controllerName: "example.com/ours"}, &writes
}

func TestApplyWritesOnlyWhatDiffers(t *testing.T) {
	a, writes := recordingApplier()
	gateway := testGateway("1")
	step := func(what string, o client.Object, want int) {
		t.Helper()
		*writes = 0
		if err := a.apply(t.Context(), gateway, owned(o, gateway)); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if *writes != want {
			t.Errorf("%s: %d writes, want %d", what, *writes, want)
		}
	}
	step("new", testDeployment("500m"), 1)
	step("the same", testDeployment("500m"), 0)
	step("the same in other words", testDeployment("0.5"), 0)
	step("changed", testDeployment("1"), 1)

	labelled := testDeployment("1")
	labelled.Labels["team"] = "edge"
	step("a label more", labelled, 1)
	step("a label less", testDeployment("1"), 1)

	present := &appsv1.Deployment{}
	key := types.NamespacedName{Namespace: "default", Name: "web-kubera"}
	if err := a.cached.Get(t.Context(), key, present); err != nil {
		t.Fatal(err)
	}
	if _, ok := present.Labels["team"]; ok {
		t.Error("a label that is not wanted any more stays")
	}
	present.Annotations["example.com/note"] = "of somebody else"
	present.Spec.Paused = true
	if err := a.cached.Update(t.Context(), present); err != nil {
		t.Fatal(err)
	}
	step("others' fields", testDeployment("1"), 0)
	present.Spec.Replicas = new(int32(9))
	if err := a.cached.Update(t.Context(), present); err != nil {
		t.Fatal(err)
	}
	step("our field changed by somebody", testDeployment("1"), 1)
}

func TestApplyLeavesForeignObjectsAlone(t *testing.T) {
	mine, other := testGateway("1"), testGateway("2")
	other.Name = "other"
	for name, tc := range map[string]struct {
		present client.Object
		foreign bool
	}{
		"nobody's":                    {&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web-kubera"}}, true},
		"another Gateway's":           {owned(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web-kubera"}}, other), true},
		"ours":                        {owned(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web-kubera"}}, mine), false},
		"the one's before this of it": {owned(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web-kubera"}}, testGateway("0")), false},
	} {
		t.Run(name, func(t *testing.T) {
			a, writes := recordingApplier(tc.present)
			wanted := owned(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web-kubera"}, Spec: corev1.ServiceSpec{ClusterIP: "None"}}, mine)
			err := a.apply(t.Context(), mine, wanted)
			var foreign *foreignObjectError
			if got := errors.As(err, &foreign); got != tc.foreign {
				t.Fatalf("got %v, want foreign to be %v", err, tc.foreign)
			}
			if tc.foreign && *writes != 0 {
				t.Error("it was written")
			}
			if tc.foreign && !strings.Contains(err.Error(), "default/web-kubera") {
				t.Errorf("%q does not name the object", err)
			}

			if err := a.remove(t.Context(), mine, wanted); err != nil {
				t.Fatal(err)
			}
			err = a.cached.Get(t.Context(), client.ObjectKeyFromObject(wanted), &corev1.Service{})
			if gone := apierrors.IsNotFound(err); gone == tc.foreign {
				t.Errorf("gone after remove: %v (%v)", gone, err)
			}
		})
	}
}

func TestWithdrawOnlyWhatWeApplied(t *testing.T) {
	gateway := testGateway("1")
	service := func() client.Object {
		return owned(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web-kubera"}}, gateway)
	}
	ours, _ := recordingApplier()
	theirs := &applier{cached: ours.cached, live: ours.live, controllerName: "example.com/theirs"}
	left := func() bool {
		err := ours.cached.Get(t.Context(), client.ObjectKeyFromObject(service()), &corev1.Service{})
		return err == nil
	}
	for _, step := range []struct {
		what string
		do   func(context.Context, *gwv1.Gateway, client.Object) error
		left bool
	}{
		{"we make it", ours.apply, true},
		{"they let go of what is not theirs", theirs.withdraw, true},
		{"they take it over", theirs.apply, true},
		{"we let go of what is not ours any more", ours.withdraw, true},
		{"they let go", theirs.withdraw, false},
		{"they do again", theirs.withdraw, false},
	} {
		if err := step.do(t.Context(), gateway, service()); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if left() != step.left {
			t.Fatalf("%s: the object is there: %v", step.what, left())
		}
	}
}

func TestRemoveWhatIsNotThere(t *testing.T) {
	a, _ := recordingApplier()
	gateway := testGateway("1")
	if err := a.remove(t.Context(), gateway, owned(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, gateway)); err != nil {
		t.Error(err)
	}
}

func TestContains(t *testing.T) {
	type m = map[string]any
	for _, tc := range []struct {
		whole, part any
		want        bool
	}{
		{m{"a": "x", "b": "y"}, m{"a": "x"}, true},
		{m{"a": "x"}, m{"a": "y"}, false},
		{m{}, m{"a": "y"}, false},
		{m{"a": m{"b": int64(1), "c": int64(2)}}, m{"a": m{"b": int64(1)}}, true},
		{m{}, m{"a": m{}}, true},
		{m{}, m{"a": []any{}}, true},
		{m{"a": []any{"x"}}, m{"a": []any{}}, false},
		{m{"a": []any{m{"n": "x", "default": true}}}, m{"a": []any{m{"n": "x"}}}, true},
		{m{"a": []any{"x", "y"}}, m{"a": []any{"y", "x"}}, false},
		{m{"a": []any{"x", "y"}}, m{"a": []any{"x"}}, false},
		{m{"a": "text"}, m{"a": m{"b": "c"}}, false},
	} {
		if got := contains(tc.whole, tc.part); got != tc.want {
			t.Errorf("contains(%v, %v) = %v", tc.whole, tc.part, got)
		}
	}
}
