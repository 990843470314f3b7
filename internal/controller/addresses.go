// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// addresses gives those that a Gateway can be reached at, or says why there are
// none yet.
func (r *programmedReconciler) addresses(ctx context.Context, p *program) ([]gwv1.GatewayStatusAddress, string, error) {
	if p.service.Name == "" {
		return nil, "", nil
	}
	var service corev1.Service
	switch err := r.client.Get(ctx, p.service, &service); {
	case apierrors.IsNotFound(err):
		return nil, fmt.Sprintf("Service %s does not exist yet", p.service), nil
	case err != nil:
		return nil, "", fmt.Errorf("get Service %s: %w", p.service, err)
	}
	if !belongsTo(&service, p.model.Object) {
		return nil, fmt.Sprintf("Service %s exists and does not belong to this Gateway: delete or rename it", p.service), nil
	}
	list, problem := addressesOf(&service)
	return list, problem, nil
}

// unreached says why the Service leads to no proxy yet, though some may be ready: its
// EndpointSlices come after the readiness of pods, long after where Kubernetes' own
// controllers are behind. How far nodes are with them can't be seen.
func (r *programmedReconciler) unreached(ctx context.Context, p *program) (string, error) {
	if p.service.Name == "" {
		return "", nil
	}
	slices, err := r.reader.EndpointSlices(ctx, p.service)
	if err != nil {
		return "", err
	}
	for _, slice := range slices {
		for i := range slice.Endpoints {
			if ready := slice.Endpoints[i].Conditions.Ready; ready == nil || *ready {
				return "", nil
			}
		}
	}
	return fmt.Sprintf("Service %s has no endpoint that is ready yet", p.service), nil
}

// addressesOf gives the addresses at which a Service answers on the ports of the
// listeners. Of type NodePort that is its cluster IP: at a node's address the ports
// are others.
func addressesOf(service *corev1.Service) ([]gwv1.GatewayStatusAddress, string) {
	var list []gwv1.GatewayStatusAddress
	add := func(typ gwv1.AddressType, value string) {
		// The API allows no more.
		if value != "" && value != corev1.ClusterIPNone && len(list) < 16 {
			list = append(list, gwv1.GatewayStatusAddress{Type: &typ, Value: value})
		}
	}
	if service.Spec.Type == corev1.ServiceTypeLoadBalancer {
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			add(gwv1.IPAddressType, ingress.IP)
			add(gwv1.HostnameAddressType, ingress.Hostname)
		}
		if len(list) == 0 {
			return nil, fmt.Sprintf("the load balancer of Service %s/%s has no address yet", service.Namespace, service.Name)
		}
		return list, ""
	}
	for _, ip := range service.Spec.ClusterIPs {
		add(gwv1.IPAddressType, ip)
	}
	if len(list) == 0 {
		return nil, fmt.Sprintf("Service %s/%s has no cluster IP", service.Namespace, service.Name)
	}
	return list, ""
}
