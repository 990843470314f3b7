// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

func TestSpecChanged(t *testing.T) {
	gateway := func(generation int64, version string) client.Object {
		return &gwv1.Gateway{ObjectMeta: metav1.ObjectMeta{Generation: generation, ResourceVersion: version}}
	}
	service := func(port int32, ingress string) client.Object {
		s := &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: port}}}}
		s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: ingress}}
		return s
	}
	secret := func(data, note string) client.Object {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"note": note}},
			Data:       map[string][]byte{"tls.crt": []byte(data)},
		}
	}
	namespace := func(team string, phase corev1.NamespacePhase) client.Object {
		return &corev1.Namespace{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"team": team}}, Status: corev1.NamespaceStatus{Phase: phase},
		}
	}
	configMap := func(data, note string) client.Object {
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"note": note}},
			Data:       map[string]string{"ca.crt": data},
		}
	}
	policy := func(generation int64, ancestors int) client.Object {
		return &gwv1.BackendTLSPolicy{
			ObjectMeta: metav1.ObjectMeta{Generation: generation},
			Status:     gwv1.PolicyStatus{Ancestors: make([]gwv1.PolicyAncestorStatus, ancestors)},
		}
	}
	for name, tc := range map[string]struct {
		old, now client.Object
		want     bool
	}{
		"a status of a policy":     {policy(1, 1), policy(1, 2), false},
		"a policy":                 {policy(1, 1), policy(2, 1), true},
		"the last ancestor":        {policy(1, 15), policy(1, 16), true},
		"room for an ancestor":     {policy(1, 16), policy(1, 15), true},
		"data of a ConfigMap":      {configMap("a", ""), configMap("b", ""), true},
		"a note on a ConfigMap":    {configMap("a", ""), configMap("a", "x"), false},
		"our own status":           {gateway(1, "1"), gateway(1, "2"), false},
		"a new generation":         {gateway(1, "1"), gateway(2, "2"), true},
		"ports of a Service":       {service(80, ""), service(81, ""), true},
		"the address of a Service": {service(80, ""), service(80, "192.0.2.1"), false},
		"data of a Secret":         {secret("a", ""), secret("b", ""), true},
		"a note on a Secret":       {secret("a", ""), secret("a", "x"), false},
		"labels of a Namespace":    {namespace("a", ""), namespace("b", ""), true},
		"the phase of a Namespace": {namespace("a", corev1.NamespaceActive), namespace("a", corev1.NamespaceTerminating), false},
	} {
		if got := specChanged.Update(event.UpdateEvent{ObjectOld: tc.old, ObjectNew: tc.now}); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestTriggerKeepsEarlyRequests(t *testing.T) {
	var tr trigger
	early, late := requestFor(types.NamespacedName{Name: "early"}), requestFor(types.NamespacedName{Name: "late"})
	tr.fire(early)
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	if err := tr.source().Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	tr.fire(late)
	for _, want := range []reconcile.Request{early, late} {
		got, _ := queue.Get()
		if got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		queue.Done(got)
	}
}

func TestPatience(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "httproutes"}, "x", errors.New("modified"))
	other := errors.New("no route to host")
	for name, tc := range map[string]struct {
		err   error
		fails bool
		again bool
	}{
		"good":                      {nil, false, false},
		"a conflict":                {conflict, false, true},
		"a wrapped conflict":        {fmt.Errorf("write: %w", conflict), false, true},
		"conflicts":                 {errors.Join(fmt.Errorf("write: %w", conflict), nil, conflict), false, true},
		"another error":             {other, true, false},
		"a conflict and worse":      {errors.Join(conflict, fmt.Errorf("read: %w", other)), true, false},
		"worse and a conflict":      {errors.Join(other, conflict), true, false},
		"worse behind a conflict":   {fmt.Errorf("all: %w", errors.Join(conflict, other)), true, false},
		"two that can't be written": {errors.Join(other, other), true, false},
	} {
		r := patient(reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
			return reconcile.Result{}, tc.err
		}))
		result, err := r.Reconcile(t.Context(), reconcile.Request{})
		if (err != nil) != tc.fails || (result.RequeueAfter > 0) != tc.again {
			t.Errorf("%s: %v, %v", name, result, err)
		}
	}
}

func TestProgramsByLabel(t *testing.T) {
	p := newPrograms()
	name := types.NamespacedName{Namespace: "a", Name: "web"}
	p.set(name, &program{label: "web", model: &gatewayapi.Gateway{}})
	p.set(types.NamespacedName{Namespace: "a", Name: "unprovisioned"}, &program{})
	if diff := cmp.Diff([]types.NamespacedName{name}, p.labelled("a", "web")); diff != "" {
		t.Error(diff)
	}
	for _, q := range [][2]string{{"b", "web"}, {"a", "api"}, {"a", ""}} {
		if got := p.labelled(q[0], q[1]); got != nil {
			t.Errorf("%v: got %v", q, got)
		}
	}
	if !p.remove(name) || p.remove(name) {
		t.Error("a program is removed once")
	}
	if p.get(name) != nil {
		t.Error("a program is there after it was removed")
	}
}

func TestParseID(t *testing.T) {
	if got, ok := parseID("a/b"); !ok || got != (types.NamespacedName{Namespace: "a", Name: "b"}) {
		t.Errorf("got %v, %v", got, ok)
	}
	if _, ok := parseID("nonsense"); ok {
		t.Error("took nonsense")
	}
}
