// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func (b *builder) service() *corev1.Service {
	s := b.params.Service
	service := &corev1.Service{
		TypeMeta:   typeMeta(corev1.SchemeGroupVersion, "Service"),
		ObjectMeta: b.objectMeta(s.Annotations),
		Spec: corev1.ServiceSpec{
			Type:                  s.Type,
			Selector:              b.selector(),
			Ports:                 b.servicePorts(),
			ExternalTrafficPolicy: s.ExternalTrafficPolicy,
			IPFamilies:            s.IPFamilies,
		},
	}
	if s.LoadBalancerClass != "" {
		service.Spec.LoadBalancerClass = &s.LoadBalancerClass
	}
	for _, cidr := range s.LoadBalancerSourceRanges {
		service.Spec.LoadBalancerSourceRanges = append(service.Spec.LoadBalancerSourceRanges, string(cidr))
	}
	switch {
	case s.IPFamilyPolicy != "":
		service.Spec.IPFamilyPolicy = &s.IPFamilyPolicy
	case len(s.IPFamilies) > 1:
		// Kubernetes refuses two families with its own default, SingleStack.
		service.Spec.IPFamilyPolicy = new(corev1.IPFamilyPolicyRequireDualStack)
	}
	return service
}

// servicePorts are named by number, so that a port keeps its name, and its node
// port, whatever listeners come and go beside it.
func (b *builder) servicePorts() []corev1.ServicePort {
	nodePorts := map[int32]int32{}
	for _, p := range b.params.Service.NodePorts {
		nodePorts[p.Port] = p.NodePort
	}
	ports := make([]corev1.ServicePort, 0, len(b.ports))
	for _, port := range b.ports {
		ports = append(ports, corev1.ServicePort{
			Name:       fmt.Sprintf("port-%d", port),
			Protocol:   corev1.ProtocolTCP,
			Port:       port,
			TargetPort: intstr.FromInt32(port),
			NodePort:   nodePorts[port],
		})
	}
	return ports
}
