// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Gateway is what one Gateway serves, with all references resolved. It shares
// objects with the snapshot and must not be modified.
type Gateway struct {
	// Object is the Gateway that this is the model of.
	Object *gwv1.Gateway
	// Parameters of its GatewayClass and its own, merged.
	Parameters v1alpha1.GatewayParametersSpec
	// Accepted is false where the Gateway as a whole is rejected. There are no
	// Listeners then, and Config of package render leaves the Gateway out; who
	// serves it already may go on with what it has.
	Accepted bool
	// Listeners that are to be opened, in the order of the spec, those of
	// ListenerSets behind the Gateway's own. Listeners that get no socket are not
	// among them.
	Listeners []*Listener
	// Routes that are attached to Listeners, sorted by ID.
	Routes []*Route
	// Backends that Routes use, for requests or for copies of them, sorted by ID.
	Backends []*Backend
	// BackendClientCertificate is presented to endpoints over TLS, nil for none.
	BackendClientCertificate *Certificate
	// Services, Secrets and ConfigMaps that decide what is served, whether they
	// exist or not, sorted.
	Services   []types.NamespacedName
	Secrets    []types.NamespacedName
	ConfigMaps []types.NamespacedName
}

// ID is the namespace and name, "default/web".
func (g *Gateway) ID() string { return g.Object.Namespace + "/" + g.Object.Name }

// Name is the namespace and name.
func (g *Gateway) Name() types.NamespacedName {
	return types.NamespacedName{Namespace: g.Object.Namespace, Name: g.Object.Name}
}

// Port is a port that a Gateway listens on.
type Port struct {
	Number int32
	// Protocol is TCP or UDP.
	Protocol corev1.Protocol
}

func portOf(number int32, protocol config.Protocol) Port {
	if protocol == config.UDP {
		return Port{number, corev1.ProtocolUDP}
	}
	return Port{number, corev1.ProtocolTCP}
}

// Ports that the Gateway listens on, sorted. With HTTP/3 those of HTTPS are ports of
// UDP, too.
func (g *Gateway) Ports() []Port {
	set := map[Port]struct{}{}
	for _, l := range g.Listeners {
		set[portOf(l.Port, l.Protocol)] = struct{}{}
		if l.Protocol == config.HTTPS && g.HTTP3() {
			set[Port{l.Port, corev1.ProtocolUDP}] = struct{}{}
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Protocol, b.Protocol))
	})
}

// HTTP3 says whether HTTPS listeners are served over HTTP/3, too.
func (g *Gateway) HTTP3() bool {
	proxy := g.Parameters.Proxy
	return proxy != nil && proxy.HTTP3 != nil && *proxy.HTTP3
}

// Listener is a listener that is to be opened.
type Listener struct {
	Name string
	// Set is the ListenerSet that has the listener; empty if the Gateway has it.
	Set types.NamespacedName
	// Port as the spec has it, by which clients know the listener.
	Port     int32
	Protocol config.Protocol
	// Hostname is exact, a wildcard, or empty for every name.
	Hostname string
	// Passthrough is set on a TLS listener that leaves TLS to the endpoints.
	Passthrough bool
	// Certificates of a listener that terminates TLS. With none, handshakes are refused.
	Certificates []*Certificate
	// ClientValidation of a listener that terminates TLS, nil where clients need no
	// certificate.
	ClientValidation *ClientValidation
}

// ClientValidation is what clients are verified by.
type ClientValidation struct {
	// CABundles, at least one.
	CABundles []*CABundle
	Mode      config.ClientValidationMode
}

// CABundle is a set of CA certificates that was parsed and found valid.
type CABundle struct {
	ConfigMap    types.NamespacedName
	Certificates string
}

// ID names the bundle in a configuration, "ConfigMap/default/ca".
func (b *CABundle) ID() string { return "ConfigMap/" + b.ConfigMap.String() }

// Certificate is a key pair that was parsed and found to match.
type Certificate struct {
	Secret types.NamespacedName
	Chain  string
	Key    string
	// NotBefore and NotAfter bound the time in which it is valid, as the leaf says.
	NotBefore, NotAfter time.Time
}

// ID names the certificate in a configuration.
func (c *Certificate) ID() string { return "Secret/" + c.Secret.String() }

// Route is a route with the listeners of one Gateway that it is attached to.
type Route struct {
	Kind gwv1.Kind
	// Protocol is empty for HTTPRoutes.
	Protocol    config.RouteProtocol
	Name        types.NamespacedName
	Created     time.Time
	Attachments []Attachment
	// Rules are shared by all Gateways that the route is attached to.
	Rules []*Rule
}

// ID names the route in a configuration, "HTTPRoute/default/web".
func (r *Route) ID() string { return string(r.Kind) + "/" + r.Name.String() }

// Attachment binds a route to a listener.
type Attachment struct {
	Listener *Listener
	// Hostnames are the route's own, those that intersect with the listener's.
	// Empty: whatever the listener admits.
	Hostnames []string
}

// Rule of a route. Matches, filters and timeouts have the form of the
// configuration, which is as neutral as another form would be. TLSRoutes, TCPRoutes and
// UDPRoutes have one, with nothing but backends.
type Rule struct {
	Name    string
	Matches []config.Match
	// ErrorStatus, if not 0, answers all requests of the rule.
	ErrorStatus int
	Filters     []config.Filter
	// Mirrors are the backends that Filters send copies of requests to.
	Mirrors  []*Backend
	Backends []Share
	Timeouts *config.Timeouts
	Retry    *config.Retry
}

// Share of the requests of a rule.
type Share struct {
	// Backend is nil if the reference is invalid.
	Backend *Backend
	Weight  int32
	Filters []config.Filter
	// Mirrors are the backends that Filters send copies of requests to.
	Mirrors []*Backend
}

// Backend is a port of a Service.
type Backend struct {
	Service types.NamespacedName
	// Port of the Service, and its name there, which EndpointSlices know it by.
	Port     int32
	PortName string
	// UDP is set for a port of UDP, which may have the number of one of TCP.
	UDP bool
	// Protocol is what requests are sent by: empty for what the route wants.
	Protocol config.BackendProtocol
	// TLS is what a BackendTLSPolicy says, nil without one.
	TLS *BackendTLS
	// ExternalName is set for Services of that type instead of Slices.
	ExternalName string
	// Slices hold the endpoints, of all ports of the Service.
	Slices []*discoveryv1.EndpointSlice
}

// BackendTLS is a BackendTLSPolicy with its references resolved.
type BackendTLS struct {
	Hostname        string
	SubjectAltNames []config.SubjectAltName
	// CABundles are empty only with SystemCAs.
	CABundles []*CABundle
	SystemCAs bool
}

// ID names the backend in a configuration, "Service/default/echo/8080" or
// "Service/default/dns/53/UDP".
func (b *Backend) ID() string {
	id := "Service/" + b.Service.String() + "/" + strconv.Itoa(int(b.Port))
	if b.UDP {
		id += "/UDP"
	}
	return id
}
