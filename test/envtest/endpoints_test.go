// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"errors"
	"fmt"
	"maps"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/kubera-dev/kubera/internal/infra"
)

// publishEndpoints does for the Services of Gateways what Kubernetes' controller of
// EndpointSlices does, but for the addresses, which may not be of loopback.
func (c *cluster) publishEndpoints(ctx context.Context) error {
	var services corev1.ServiceList
	if err := k8s.List(ctx, &services, client.MatchingLabels(infra.ManagedBy())); err != nil {
		return err
	}
	var errs []error
	for i := range services.Items {
		errs = append(errs, c.publish(ctx, &services.Items[i]))
	}
	return errors.Join(errs...)
}

func (c *cluster) publish(ctx context.Context, service *corev1.Service) error {
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: service.Namespace, Name: service.Name}}
	_, err := controllerutil.CreateOrUpdate(ctx, k8s, slice, func() error {
		slice.OwnerReferences = service.OwnerReferences // its end is that of the Gateway
		slice.Labels = maps.Clone(service.Labels)
		slice.Labels[discoveryv1.LabelServiceName] = service.Name
		slice.AddressType = discoveryv1.AddressTypeIPv4
		slice.Endpoints = nil
		for n, p := range c.of(service.Namespace, service.Name) {
			slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
				Addresses:  []string{fmt.Sprint(stored, n+1)},
				Conditions: discoveryv1.EndpointConditions{Ready: new(p.isReady() && !c.withheld[service.Namespace])},
			})
		}
		return nil
	})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil // there is another step
	}
	return err
}

// withhold makes the endpoints of a namespace's Gateways not ready, or lets them be.
func (c *cluster) withhold(namespace string, yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.withheld[namespace] = yes
}

var _ = Describe("A Gateway whose Service leads to no proxy yet", func() {
	It("is not programmed, until it does", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		nodes.withhold(namespace, true)
		apply(ctx, namespace, staticResponse("hello", "hello"))
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 hello"))
		state := gatewayCondition(ctx, namespace, "web", "Programmed")
		Eventually(state).Should(Equal("False Pending Service " + namespace + "/web-kubera has no endpoint that is ready yet"))

		nodes.withhold(namespace, false)
		programmed(ctx, namespace, "web")
		nodes.withhold(namespace, true)
		Eventually(state).Should(HavePrefix("False Pending"))
	}, SpecTimeout(specTimeout))
})
