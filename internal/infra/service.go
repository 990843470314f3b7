// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
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
	b.requestAddresses(service)
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

// requestAddresses asks the load balancer for the IP addresses of the Gateway. Whether
// they are assigned is said by the status of the Service; hostnames can't be asked for.
// Kubernetes advises against loadBalancerIP where an annotation does the same, which
// differs from one load balancer to the next.
func (b *builder) requestAddresses(service *corev1.Service) {
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return
	}
	var wanted []string
	for _, a := range b.gateway.Spec.Addresses {
		if a.Value != "" && (a.Type == nil || *a.Type == gwv1.IPAddressType) {
			wanted = append(wanted, a.Value)
		}
	}
	if len(wanted) == 0 {
		return
	}
	if annotation := b.params.Service.LoadBalancerAddressesAnnotation; annotation != "" {
		service.Annotations = maps.Clone(service.Annotations)
		if service.Annotations == nil {
			service.Annotations = map[string]string{}
		}
		service.Annotations[annotation] = strings.Join(wanted, ",")
		return
	}
	service.Spec.LoadBalancerIP = wanted[0]
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
		name := fmt.Sprintf("port-%d", port.Number)
		if port.Protocol == corev1.ProtocolUDP {
			name += "-udp"
		}
		ports = append(ports, corev1.ServicePort{
			Name:       name,
			Protocol:   port.Protocol,
			Port:       port.Number,
			TargetPort: intstr.FromInt32(port.Number),
			// Node ports of TCP and UDP are different ones.
			NodePort: nodePorts[port.Number],
		})
	}
	return ports
}
