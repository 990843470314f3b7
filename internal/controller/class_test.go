// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// TestClassInUse: "Whenever one or more Gateways are using a GatewayClass,
// implementations SHOULD add the gateway-exists-finalizer.gateway.networking.k8s.io
// finalizer on the associated GatewayClass" (GatewayClass).
func TestClassInUse(t *testing.T) {
	const ours, foreign = gwv1.GatewayClassFinalizerGatewaysExist, "example.com/theirs"
	deleted := metav1.NewTime(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	for name, tc := range map[string]struct {
		controller string
		gateway    string // that exists, of a class
		deleted    bool
		finalizers []string
		want       []string // nil if the class is gone
	}{
		"a Gateway uses it":               {gateway: "kubera", finalizers: []string{foreign}, want: []string{foreign, ours}},
		"it is there already":             {gateway: "kubera", finalizers: []string{ours, foreign}, want: []string{ours, foreign}},
		"a Gateway of another class":      {gateway: "other", finalizers: []string{ours, foreign}, want: []string{foreign}},
		"a class of another controller":   {gateway: "kubera", controller: "example.com/other", want: []string{}},
		"deleted while it is used":        {gateway: "kubera", deleted: true, finalizers: []string{ours}, want: []string{ours}},
		"deleted before it was used":      {gateway: "kubera", deleted: true, finalizers: []string{foreign}, want: []string{foreign}},
		"deleted when the last was gone":  {deleted: true, finalizers: []string{ours}},
		"others have a finalizer as well": {deleted: true, finalizers: []string{foreign, ours}, want: []string{foreign}},
	} {
		t.Run(name, func(t *testing.T) {
			class := &gwv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "kubera", Finalizers: tc.finalizers}}
			class.Spec.ControllerName = DefaultControllerName
			if tc.controller != "" {
				class.Spec.ControllerName = gwv1.GatewayController(tc.controller)
			}
			if tc.deleted {
				class.DeletionTimestamp = &deleted
			}
			objects := []client.Object{class}
			if tc.gateway != "" {
				gateway := testGateway("1")
				gateway.Spec.GatewayClassName = gwv1.ObjectName(tc.gateway)
				objects = append(objects, gateway)
			}
			c := indexedClient(t, objects...)
			r := &classReconciler{
				own: &ownClass{}, client: c, reader: &cluster.Reader{Client: c}, writer: &statusWriter{client: c},
				translation: gatewayapi.Options{ControllerName: DefaultControllerName}, now: time.Now,
			}
			if _, err := r.Reconcile(t.Context(), requestFor(client.ObjectKeyFromObject(class))); err != nil {
				t.Fatal(err)
			}
			got := &gwv1.GatewayClass{}
			err := c.Get(t.Context(), client.ObjectKeyFromObject(class), got)
			if tc.want == nil {
				if !apierrors.IsNotFound(err) {
					t.Errorf("the class is still there, with finalizers %q, error %v", got.Finalizers, err)
				}
				return
			}
			if err != nil || !slices.Equal(got.Finalizers, tc.want) {
				t.Errorf("finalizers are %q, want %q, error %v", got.Finalizers, tc.want, err)
			}
			if accepted := len(got.Status.Conditions) > 0; accepted != (tc.controller == "") {
				t.Errorf("status has the conditions %v", got.Status.Conditions)
			}
		})
	}
}
