// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// appProtocols are the protocols of Service ports that routes can speak (KEP-3726
// and the IANA names of HTTP).
var appProtocols = map[string]config.BackendProtocol{
	"":                  config.BackendHTTP,
	"http":              config.BackendHTTP,
	"kubernetes.io/ws":  config.BackendHTTP,
	"kubernetes.io/h2c": config.BackendHTTP2,
	"http2":             config.BackendHTTP2,
	"grpc":              config.BackendHTTP2,
}

// secureAppProtocols are those that need a BackendTLSPolicy, without which nothing
// says who the endpoints are.
var secureAppProtocols = map[string]config.BackendProtocol{
	"https":             config.BackendHTTP,
	"kubernetes.io/wss": config.BackendHTTP,
}

// backendReferent applies the defaults of BackendObjectReference.
func backendReferent(from referrer, ref gwv1.BackendObjectReference) referent {
	to := referent{kind: "Service", name: types.NamespacedName{Namespace: from.namespace, Name: string(ref.Name)}}
	if ref.Group != nil {
		to.group = string(*ref.Group)
	}
	if ref.Kind != nil {
		to.kind = string(*ref.Kind)
	}
	if ref.Namespace != nil {
		to.name.Namespace = string(*ref.Namespace)
	}
	return to
}

// servicePort is a port of a Service that a reference names.
type servicePort struct {
	service *corev1.Service
	port    *corev1.ServicePort
}

// resolveService finds the port of a Service that a reference names: first
// whether the reference is permitted, then its kind, then whether it exists. Of ports
// with one number that of the protocol is found.
func (t *translation) resolveService(from referrer, ref gwv1.BackendObjectReference, protocol corev1.Protocol) (servicePort, *problem) {
	to := backendReferent(from, ref)
	if !t.permitted(from, to) {
		return servicePort{}, notPermitted(from, to)
	}
	if to.group != "" || to.kind != "Service" {
		return servicePort{}, problemf(gwv1.RouteReasonInvalidKind, "%s is not supported: use a Service", to)
	}
	service := t.index.Service(to.name)
	if service == nil {
		return servicePort{}, problemf(gwv1.RouteReasonBackendNotFound, "%s does not exist", to)
	}
	if ref.Port == nil {
		return servicePort{}, problemf(gwv1.RouteReasonBackendNotFound, "%s: port must be set", to)
	}
	if *ref.Port < 1 || *ref.Port > 65535 {
		return servicePort{}, problemf(gwv1.RouteReasonBackendNotFound, "%s: port %d is not from 1 to 65535", to, *ref.Port)
	}
	var port *corev1.ServicePort
	for i := range service.Spec.Ports {
		p := &service.Spec.Ports[i]
		if p.Port == *ref.Port && (port == nil || transport(p) == protocol) {
			port = p
		}
	}
	switch {
	case port != nil:
		return servicePort{service: service, port: port}, nil
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		return servicePort{service: service, port: &corev1.ServicePort{Port: *ref.Port, Protocol: protocol}}, nil
	}
	return servicePort{}, problemf(gwv1.RouteReasonBackendNotFound, "%s has no port %d", to, *ref.Port)
}

// transport gives the protocol of a port, with its default.
func transport(p *corev1.ServicePort) corev1.Protocol { return cmp.Or(p.Protocol, corev1.ProtocolTCP) }

// backendUse is what a route needs a backend for.
type backendUse struct {
	transport corev1.Protocol
	// checks decide whether a port of a Service can be used. The first problem counts.
	checks []func(*translation, servicePort) *problem
}

var (
	forRequests = backendUse{corev1.ProtocolTCP, []func(*translation, servicePort) *problem{
		// ExternalName Services can name anything (CVE-2021-25740).
		(*translation).checkExternalName,
		// The port is one of TCP, with an application protocol that is spoken.
		checkTCP, (*translation).checkAppProtocol,
		// The policy that is for the port can be followed.
		(*translation).checkBackendTLS,
	}}
	forConnections = backendUse{corev1.ProtocolTCP, []func(*translation, servicePort) *problem{
		(*translation).checkExternalName, checkTCP, (*translation).checkBackendTLS,
	}}
	// forSessions is for TLS that is the client's own.
	forSessions = backendUse{corev1.ProtocolTCP, []func(*translation, servicePort) *problem{
		(*translation).checkExternalName, checkTCP,
	}}
	forDatagrams = backendUse{corev1.ProtocolUDP, []func(*translation, servicePort) *problem{
		(*translation).checkExternalName, checkUDP,
	}}
)

// backend resolves a reference of a route.
func (t *translation) backend(from referrer, ref gwv1.BackendObjectReference, use backendUse) (*Backend, *problem) {
	found, p := t.resolveService(from, ref, use.transport)
	if p != nil {
		return nil, p
	}
	for _, check := range use.checks {
		if p := check(t, found); p != nil {
			return nil, p
		}
	}
	name := types.NamespacedName{Namespace: found.service.Namespace, Name: found.service.Name}
	b := &Backend{
		Service: name, Port: found.port.Port, PortName: found.port.Name,
		Protocol: protocolOf(found.port), UDP: use.transport == corev1.ProtocolUDP,
	}
	if policy := t.policyFor(found); policy != nil && !b.UDP {
		b.TLS = policy.tls
	}
	if known := t.backends[b.ID()]; known != nil {
		return known, nil
	}
	if found.service.Spec.Type == corev1.ServiceTypeExternalName {
		b.ExternalName = found.service.Spec.ExternalName
	} else {
		b.Slices = t.index.EndpointSlices(name)
	}
	t.backends[b.ID()] = b
	return b, nil
}

func (t *translation) checkExternalName(s servicePort) *problem {
	if s.service.Spec.Type != corev1.ServiceTypeExternalName {
		return nil
	}
	switch {
	case !t.options.AllowExternalName:
		return problemf(gwv1.RouteReasonInvalidKind, "Service %s/%s is of type ExternalName, which is not supported",
			s.service.Namespace, s.service.Name)
	case !validExternalName(s.service.Spec.ExternalName):
		return problemf(gwv1.RouteReasonBackendNotFound, "Service %s/%s: spec.externalName: %q is neither a hostname nor an IP address",
			s.service.Namespace, s.service.Name, s.service.Spec.ExternalName)
	}
	return nil
}

func validExternalName(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || !isWildcard(name) && validHostname(strings.TrimSuffix(strings.ToLower(name), "."))
}

// String words the port for a status.
func (s servicePort) String() string {
	return fmt.Sprintf("port %d of Service %s/%s", s.port.Port, s.service.Namespace, s.service.Name)
}

func checkTCP(_ *translation, s servicePort) *problem {
	if protocol := transport(s.port); protocol != corev1.ProtocolTCP {
		return problemf(gwv1.RouteReasonUnsupportedProtocol, "%s is one of %s: the route needs TCP", s, protocol)
	}
	return nil
}

func checkUDP(_ *translation, s servicePort) *problem {
	if protocol := transport(s.port); protocol != corev1.ProtocolUDP {
		return problemf(gwv1.RouteReasonUnsupportedProtocol, "%s is one of %s: the route needs UDP", s, protocol)
	}
	return nil
}

func (t *translation) checkAppProtocol(s servicePort) *problem {
	const reason = gwv1.RouteReasonUnsupportedProtocol
	protocol := appProtocol(s.port)
	if _, ok := secureAppProtocols[protocol]; ok {
		if t.policyFor(s) == nil {
			return problemf(reason, "%s has appProtocol %s and no BackendTLSPolicy that says by what to verify endpoints: make one", s, protocol)
		}
		return nil
	}
	if _, ok := appProtocols[protocol]; !ok {
		return problemf(reason, "%s has appProtocol %s: use http, https, grpc, http2, kubernetes.io/h2c, kubernetes.io/ws or kubernetes.io/wss",
			s, protocol)
	}
	return nil
}

// reasonInvalidPolicy is ours: the API has none for a backend whose policy can't be met.
const reasonInvalidPolicy = "InvalidBackendTLSPolicy"

// checkBackendTLS: a reference is invalid if "a BackendTLSPolicy is present that refers
// to the Service, and the implementation is unable to meet the requirement"
// (HTTPBackendRef). The route's status does not say why, as the policy may be in a
// namespace whose objects are not for the route's owner to read; the policy's does.
func (t *translation) checkBackendTLS(s servicePort) *problem {
	policy := t.policyFor(s)
	if policy == nil || policy.tls != nil {
		return nil
	}
	why := "it is not accepted, as its status says"
	if policy.unreportable {
		why = fmt.Sprintf("its status has %d ancestors, the most that it can have, and no room for this Gateway: remove those that are gone", MaxAncestors)
	}
	return problemf(reasonInvalidPolicy, "%s can't be reached by BackendTLSPolicy %s: %s", s, policy.object.Name, why)
}

// protocolOf gives the protocol of a port that checkAppProtocol took.
func protocolOf(p *corev1.ServicePort) config.BackendProtocol {
	if protocol, ok := secureAppProtocols[appProtocol(p)]; ok {
		return protocol
	}
	return appProtocols[appProtocol(p)]
}

// appProtocol is in lower case: names of services are the same in any (RFC 6335,
// section 5.1).
func appProtocol(p *corev1.ServicePort) string {
	if p.AppProtocol == nil {
		return ""
	}
	return strings.ToLower(*p.AppProtocol)
}
