// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func readService(service *corev1.Service) field.ErrorList {
	spec := field.NewPath("spec")
	if service.Spec.Type == "" {
		service.Spec.Type = corev1.ServiceTypeClusterIP
	}
	var errs field.ErrorList
	switch service.Spec.Type {
	case corev1.ServiceTypeExternalName:
		name := strings.TrimSuffix(service.Spec.ExternalName, ".")
		for _, msg := range validation.IsDNS1123Subdomain(name) {
			errs = append(errs, field.Invalid(spec.Child("externalName"), service.Spec.ExternalName, msg))
		}
	case corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer:
		if len(service.Spec.Ports) == 0 && service.Spec.ClusterIP != corev1.ClusterIPNone {
			errs = append(errs, field.Required(spec.Child("ports"), ""))
		}
	default:
		errs = append(errs, field.NotSupported(spec.Child("type"), service.Spec.Type, []corev1.ServiceType{
			corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort,
		}))
	}
	names := map[string]bool{}
	for i := range service.Spec.Ports {
		port, path := &service.Spec.Ports[i], spec.Child("ports").Index(i)
		if len(service.Spec.Ports) > 1 && port.Name == "" {
			errs = append(errs, field.Required(path.Child("name"), "every one of several ports has a name"))
		}
		if port.Name != "" {
			errs = append(errs, portName(path.Child("name"), port.Name, names)...)
		}
		errs = append(errs, servicePort(port, path)...)
	}
	return errs
}

// servicePort fills in what an API server fills in.
func servicePort(port *corev1.ServicePort, path *field.Path) field.ErrorList {
	if port.Protocol == "" {
		port.Protocol = corev1.ProtocolTCP
	}
	if port.TargetPort == (intstr.IntOrString{}) {
		port.TargetPort = intstr.FromInt32(port.Port)
	}
	errs := protocol(path.Child("protocol"), port.Protocol)
	errs = append(errs, portNumber(path.Child("port"), int(port.Port))...)
	target := path.Child("targetPort")
	if port.TargetPort.Type == intstr.Int {
		if port.TargetPort.IntVal == port.Port {
			return errs
		}
		return append(errs, portNumber(target, port.TargetPort.IntValue())...)
	}
	for _, msg := range validation.IsValidPortName(port.TargetPort.StrVal) {
		errs = append(errs, field.Invalid(target, port.TargetPort.StrVal, msg))
	}
	return errs
}

// maxEndpoints of an EndpointSlice and maxAddresses of an endpoint are those of an API server.
const (
	maxEndpoints = 1000
	maxAddresses = 100
)

// readEndpointSlice takes loopback addresses, which an API server does not: where
// there is no cluster they are what a backend has.
func readEndpointSlice(slice *discoveryv1.EndpointSlice) field.ErrorList {
	var errs field.ErrorList
	switch slice.AddressType {
	case discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6, discoveryv1.AddressTypeFQDN:
	case "":
		return field.ErrorList{field.Required(field.NewPath("addressType"), "")}
	default:
		return field.ErrorList{field.NotSupported(field.NewPath("addressType"), slice.AddressType, []discoveryv1.AddressType{
			discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6, discoveryv1.AddressTypeFQDN,
		})}
	}
	endpoints := field.NewPath("endpoints")
	if len(slice.Endpoints) > maxEndpoints {
		errs = append(errs, field.TooMany(endpoints, len(slice.Endpoints), maxEndpoints))
	}
	for i, endpoint := range slice.Endpoints {
		addresses := endpoints.Index(i).Child("addresses")
		switch {
		case len(endpoint.Addresses) == 0:
			errs = append(errs, field.Required(addresses, ""))
		case len(endpoint.Addresses) > maxAddresses:
			errs = append(errs, field.TooMany(addresses, len(endpoint.Addresses), maxAddresses))
		}
		for j, address := range endpoint.Addresses {
			errs = append(errs, endpointAddress(addresses.Index(j), slice.AddressType, address)...)
		}
	}
	names := map[string]bool{}
	for i := range slice.Ports {
		port, path := &slice.Ports[i], field.NewPath("ports").Index(i)
		if port.Name == nil {
			port.Name = new("")
		}
		if port.Protocol == nil {
			port.Protocol = new(corev1.ProtocolTCP)
		}
		errs = append(errs, portName(path.Child("name"), *port.Name, names)...)
		errs = append(errs, protocol(path.Child("protocol"), *port.Protocol)...)
		if port.Port != nil {
			errs = append(errs, portNumber(path.Child("port"), int(*port.Port))...)
		}
	}
	return errs
}

func endpointAddress(path *field.Path, kind discoveryv1.AddressType, address string) field.ErrorList {
	if kind == discoveryv1.AddressTypeFQDN {
		var errs field.ErrorList
		for _, msg := range validation.IsDNS1123Subdomain(address) {
			errs = append(errs, field.Invalid(path, address, msg))
		}
		return errs
	}
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Zone() != "" || ip.Is4() != (kind == discoveryv1.AddressTypeIPv4) {
		return field.ErrorList{field.Invalid(path, address, "must be an "+string(kind)+" address")}
	}
	return nil
}

// portName checks a name that is unique among the ports of an object. Only an
// EndpointSlice may have an empty one.
func portName(path *field.Path, name string, seen map[string]bool) field.ErrorList {
	var errs field.ErrorList
	if seen[name] {
		errs = append(errs, field.Duplicate(path, name))
	}
	seen[name] = true
	if name == "" {
		return errs
	}
	for _, msg := range validation.IsDNS1123Label(name) {
		errs = append(errs, field.Invalid(path, name, msg))
	}
	return errs
}

func protocol(path *field.Path, p corev1.Protocol) field.ErrorList {
	switch p {
	case corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP:
		return nil
	}
	return field.ErrorList{field.NotSupported(path, p, []corev1.Protocol{corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP})}
}

func portNumber(path *field.Path, port int) field.ErrorList {
	var errs field.ErrorList
	for _, msg := range validation.IsValidPortNum(port) {
		errs = append(errs, field.Invalid(path, port, msg))
	}
	return errs
}
