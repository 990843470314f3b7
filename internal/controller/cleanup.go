// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/infra"
)

// cleanupInterval is the pause between two looks whether the class is gone.
const cleanupInterval = 200 * time.Millisecond

// Cleanup removes what the operator makes and nothing else in a cluster owns: its
// GatewayClass. It works whether or not an operator runs, which does not make the class
// again then.
type Cleanup struct {
	// Client reads and writes without a cache.
	Client client.Client
	// GatewayClass is the name of the class. Required.
	GatewayClass string
	// ControllerName of the classes that the operator serves.
	ControllerName gwv1.GatewayController
}

// Served lists the Gateways of all classes that the operator serves, sorted.
func (c *Cleanup) Served(ctx context.Context) ([]types.NamespacedName, error) {
	var classes gwv1.GatewayClassList
	if err := c.Client.List(ctx, &classes); meta.IsNoMatchError(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("list GatewayClasses: %w", err)
	}
	var names []string
	for _, class := range classes.Items {
		if class.Spec.ControllerName == c.ControllerName {
			names = append(names, class.Name)
		}
	}
	return c.gateways(ctx, names...)
}

// gateways lists those of classes.
func (c *Cleanup) gateways(ctx context.Context, classes ...string) ([]types.NamespacedName, error) {
	var list gwv1.GatewayList
	if err := c.Client.List(ctx, &list); meta.IsNoMatchError(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("list Gateways: %w", err)
	}
	var names []types.NamespacedName
	for i := range list.Items {
		if slices.Contains(classes, string(list.Items[i].Spec.GatewayClassName)) {
			names = append(names, client.ObjectKeyFromObject(&list.Items[i]))
		}
	}
	slices.SortFunc(names, func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) })
	return names, nil
}

// Run deletes the class, if the operator made it and no Gateway uses it, and returns
// when it is gone. It says in words what it did, or why it left the class, which is no
// error. An error says why the class could not be deleted, or is not gone when ctx ends.
func (c *Cleanup) Run(ctx context.Context) (string, error) {
	class := &gwv1.GatewayClass{}
	err := c.Client.Get(ctx, client.ObjectKey{Name: c.GatewayClass}, class)
	switch {
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return fmt.Sprintf("GatewayClass %s does not exist: there is nothing to do", c.GatewayClass), nil
	case err != nil:
		return "", fmt.Errorf("get GatewayClass %s: %w", c.GatewayClass, err)
	case class.Spec.ControllerName != c.ControllerName:
		return fmt.Sprintf("GatewayClass %s is left: it is of the controller %s", class.Name, class.Spec.ControllerName), nil
	}
	for key, value := range infra.ManagedBy() {
		if class.Labels[key] != value {
			return fmt.Sprintf("GatewayClass %s is left: it is not labelled %s: %s, so somebody else made it", class.Name, key, value), nil
		}
	}
	if reason, err := c.used(ctx); err != nil || reason != "" {
		return reason, err
	}
	if err := c.delete(ctx, class); err != nil {
		return "", err
	}
	return c.wait(ctx, class)
}

// used says that Gateways use the class, or nothing.
func (c *Cleanup) used(ctx context.Context) (string, error) {
	gateways, err := c.gateways(ctx, c.GatewayClass)
	if err != nil || len(gateways) == 0 {
		return "", err
	}
	return fmt.Sprintf("GatewayClass %s is left: Gateways use it: %s", c.GatewayClass, Few(gateways)), nil
}

func (c *Cleanup) delete(ctx context.Context, class *gwv1.GatewayClass) error {
	marked := class.DeepCopy()
	if marked.Annotations == nil {
		marked.Annotations = map[string]string{}
	}
	marked.Annotations[cleanupAnnotation] = "true"
	if err := c.Client.Patch(ctx, marked, client.MergeFrom(class)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("annotate GatewayClass %s: %w", class.Name, err)
	}
	err := c.Client.Delete(ctx, class, client.Preconditions{UID: &class.UID})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete GatewayClass %s: %w", class.Name, err)
	}
	return nil
}

// wait returns when the class is gone. Where no operator is left to take its finalizer
// off, it does.
func (c *Cleanup) wait(ctx context.Context, class *gwv1.GatewayClass) (string, error) {
	done := ""
	now := &gwv1.GatewayClass{}
	err := wait.PollUntilContextCancel(ctx, cleanupInterval, true, func(ctx context.Context) (bool, error) {
		err := c.Client.Get(ctx, client.ObjectKeyFromObject(class), now)
		switch {
		case apierrors.IsNotFound(err):
			done = fmt.Sprintf("GatewayClass %s is deleted", class.Name)
			return true, nil
		case err != nil:
			return false, err
		case now.UID != class.UID:
			done = fmt.Sprintf("GatewayClass %s is deleted; somebody made another one, which is left", class.Name)
			return true, nil
		}
		if done, err = c.used(ctx); err != nil || done != "" {
			return done != "", err
		}
		released := now.DeepCopy()
		if !controllerutil.RemoveFinalizer(released, gwv1.GatewayClassFinalizerGatewaysExist) {
			return false, nil
		}
		err = c.Client.Patch(ctx, released, client.MergeFromWithOptions(now, client.MergeFromWithOptimisticLock{}))
		if apierrors.IsConflict(err) {
			return false, nil
		}
		return false, client.IgnoreNotFound(err)
	})
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "", fmt.Errorf("GatewayClass %s is not gone: it has the finalizers %q", class.Name, now.Finalizers)
	case err != nil:
		return "", fmt.Errorf("wait for the end of GatewayClass %s: %w", class.Name, err)
	}
	return done, nil
}

// Few words a list of objects, the first ones of many.
func Few(names []types.NamespacedName) string {
	const most = 5
	words := make([]string, 0, most+1)
	for _, name := range names[:min(len(names), most)] {
		words = append(words, name.String())
	}
	if more := len(names) - most; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}
