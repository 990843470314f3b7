// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// madeClass is a class as the operator makes it, of a controller.
func madeClass(controllerName string) *gwv1.GatewayClass {
	return &gwv1.GatewayClass{
		ObjectMeta: metav1.ObjectMeta{Name: DefaultGatewayClass, UID: "1", Labels: map[string]string{"app.kubernetes.io/managed-by": "kubera"}},
		Spec:       gwv1.GatewayClassSpec{ControllerName: gwv1.GatewayController(controllerName)},
	}
}

func TestOwnClass(t *testing.T) {
	marked := madeClass(DefaultControllerName)
	marked.Annotations = map[string]string{cleanupAnnotation: "true"}
	theirs := madeClass("example.com/other")
	theirs.Labels = nil
	for name, tc := range map[string]struct {
		present *gwv1.GatewayClass
		own     string
		deleted *gwv1.GatewayClass // before
		created *gwv1.GatewayClass // after that
		want    string             // controllerName; "" if there is none
	}{
		"there is none":                   {own: "kubera", want: DefaultControllerName},
		"none is wished for":              {own: ""},
		"another is wished for":           {own: "other"},
		"somebody else's":                 {own: "kubera", present: theirs, want: "example.com/other"},
		"deleted by somebody":             {own: "kubera", deleted: madeClass(DefaultControllerName), want: DefaultControllerName},
		"deleted for good":                {own: "kubera", deleted: marked},
		"another was deleted for good":    {own: "other", deleted: marked},
		"deleted for good, and made anew": {own: "kubera", deleted: marked, created: madeClass(DefaultControllerName), want: DefaultControllerName},
	} {
		t.Run(name, func(t *testing.T) {
			var objects []client.Object
			if tc.present != nil {
				objects = append(objects, tc.present.DeepCopy())
			}
			c := indexedClient(t, objects...)
			own := &ownClass{client: c, name: tc.own, controllerName: DefaultControllerName}
			if tc.deleted != nil && !own.watch().Delete(event.DeleteEvent{Object: tc.deleted}) ||
				tc.created != nil && !own.watch().Create(event.CreateEvent{Object: tc.created}) {
				t.Error("the event was not let through")
			}
			r := &classReconciler{
				own: own, client: c, reader: &cluster.Reader{Client: c}, writer: &statusWriter{client: c},
				translation: gatewayapi.Options{ControllerName: DefaultControllerName}, now: time.Now,
			}
			for range 2 {
				if _, err := r.Reconcile(t.Context(), requestFor(types.NamespacedName{Name: "kubera"})); err != nil {
					t.Fatal(err)
				}
			}
			got := &gwv1.GatewayClass{}
			err := c.Get(t.Context(), client.ObjectKey{Name: "kubera"}, got)
			if client.IgnoreNotFound(err) != nil || apierrors.IsNotFound(err) != (tc.want == "") || string(got.Spec.ControllerName) != tc.want {
				t.Errorf("got %+v, %v", got.Spec, err)
			}
			if err == nil && tc.present == nil && got.Labels["app.kubernetes.io/managed-by"] != "kubera" {
				t.Errorf("it has the labels %v", got.Labels)
			}
		})
	}
}
