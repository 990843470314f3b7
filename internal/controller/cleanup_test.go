// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func TestCleanup(t *testing.T) {
	held := func(finalizers ...string) *gwv1.GatewayClass {
		class := madeClass(DefaultControllerName)
		class.Finalizers = finalizers
		return class
	}
	theirs := madeClass(DefaultControllerName)
	theirs.Labels = map[string]string{"app.kubernetes.io/managed-by": "Helm"}
	for name, tc := range map[string]struct {
		class   *gwv1.GatewayClass
		gateway string // that exists, of a class
		want    string
		err     string
		gone    bool
	}{
		"unused":                        {class: held(), want: "is deleted", gone: true},
		"held by a controller that was": {class: held(gwv1.GatewayClassFinalizerGatewaysExist), want: "is deleted", gone: true},
		"beside a Gateway of another":   {class: held(), gateway: "other", want: "is deleted", gone: true},
		"used":                          {class: held(gwv1.GatewayClassFinalizerGatewaysExist), gateway: "kubera", want: "Gateways use it: default/web"},
		"used, not yet held":            {class: held(), gateway: "kubera", want: "Gateways use it: default/web"},
		"of another controller":         {class: madeClass("example.com/other"), want: "of the controller example.com/other"},
		"made by somebody else":         {class: theirs, want: "somebody else made it"},
		"not there":                     {want: "does not exist", gone: true},
		"held by somebody else":         {class: held("example.com/theirs"), err: "example.com/theirs"},
	} {
		t.Run(name, func(t *testing.T) {
			var objects []client.Object
			if tc.class != nil {
				objects = append(objects, tc.class)
			}
			if tc.gateway != "" {
				gateway := testGateway("1")
				gateway.Namespace, gateway.Name = "default", "web"
				gateway.Spec.GatewayClassName = gwv1.ObjectName(tc.gateway)
				objects = append(objects, gateway)
			}
			c := indexedClient(t, objects...)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			got, err := (&Cleanup{Client: c, GatewayClass: "kubera", ControllerName: DefaultControllerName}).Run(ctx)
			if !strings.Contains(got, tc.want) || tc.want == "" && got != "" {
				t.Errorf("it said %q, want %q", got, tc.want)
			}
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
			class := &gwv1.GatewayClass{}
			err = c.Get(t.Context(), client.ObjectKey{Name: "kubera"}, class)
			if apierrors.IsNotFound(err) != tc.gone {
				t.Errorf("get the class: %v", err)
			}
			if _, marked := class.Annotations[cleanupAnnotation]; marked && tc.err == "" {
				t.Error("a class that is left is marked")
			}
		})
	}
}

// What somebody makes while the class goes is theirs, with what holds it.
func TestCleanupLeavesTheNextClass(t *testing.T) {
	next := madeClass(DefaultControllerName)
	next.UID, next.Finalizers = "2", []string{gwv1.GatewayClassFinalizerGatewaysExist}
	c := fake.NewClientBuilder().WithScheme(NewScheme()).WithObjects(madeClass(DefaultControllerName)).WithInterceptorFuncs(interceptor.Funcs{
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			if err := c.Delete(ctx, o, opts...); err != nil {
				return err
			}
			return c.Create(ctx, next)
		},
	}).Build()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	got, err := (&Cleanup{Client: c, GatewayClass: "kubera", ControllerName: DefaultControllerName}).Run(ctx)
	if err != nil || !strings.Contains(got, "another one, which is left") {
		t.Errorf("it said %q, %v", got, err)
	}
	class := &gwv1.GatewayClass{}
	if err := c.Get(t.Context(), client.ObjectKey{Name: "kubera"}, class); err != nil || len(class.Finalizers) != 1 {
		t.Errorf("%v, with the finalizers %v", err, class.Finalizers)
	}
}

func TestServed(t *testing.T) {
	ours, theirs := madeClass(DefaultControllerName), madeClass("example.com/other")
	ours.Name, theirs.Name = "edge", "theirs"
	objects := []client.Object{ours, theirs}
	for name, class := range map[string]string{"b": "edge", "a": "edge", "c": "theirs", "d": "missing"} {
		gateway := testGateway("1")
		gateway.Namespace, gateway.Name, gateway.Spec.GatewayClassName = "default", name, gwv1.ObjectName(class)
		objects = append(objects, gateway)
	}
	c := &Cleanup{Client: indexedClient(t, objects...), GatewayClass: "kubera", ControllerName: DefaultControllerName}
	got, err := c.Served(t.Context())
	if err != nil || Few(got) != "default/a, default/b" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestFew(t *testing.T) {
	var names []types.NamespacedName
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		names = append(names, types.NamespacedName{Namespace: "n", Name: name})
	}
	if got := Few(names); got != "n/a, n/b, n/c, n/d, n/e, and 2 more" {
		t.Error(got)
	}
	if got := Few(names[:5]); got != "n/a, n/b, n/c, n/d, n/e" {
		t.Error(got)
	}
}
