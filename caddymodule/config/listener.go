// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"net"
	"strconv"
)

// Listener is one listener of a Gateway.
type Listener struct {
	// ID is the namespace and name of the Gateway and the name of the listener,
	// "default/web/https", or, for a listener that a ListenerSet adds to the
	// Gateway, "ListenerSet/default/more/https".
	ID string `json:"id"`
	// Gateway is the ID of the Gateway it belongs to. Listeners with the same
	// Address belong to the same Gateway.
	Gateway string `json:"gateway"`

	// Protocol that clients speak. Listeners with the same Address have the same,
	// except that HTTPS and TLS go together, told apart by Hostname, and that a UDP
	// listener does not meet the others: its Address is another socket. TCP and UDP
	// listeners share their Address with no other.
	Protocol Protocol `json:"protocol"`
	// Port is the port by which clients know the listener. It decides redirects
	// and X-Forwarded-Port.
	Port int32 `json:"port"`
	// Address is the host:port to bind, where that differs from ":Port". The
	// host may be empty (all addresses, IPv4 and IPv6).
	Address string `json:"address,omitempty"`

	// Hostname narrows the listener: an exact name, a wildcard ("*.example.com",
	// which stands for one or more labels), or empty for every name. A request is
	// served by the most specific listener of its Address and by no other, and so is
	// a connection of TLS, by its SNI. Empty for TCP and UDP.
	Hostname string `json:"hostname,omitempty"`

	// TLS is set on HTTPS and TLS listeners.
	TLS *ListenerTLS `json:"tls,omitempty"`
}

// Protocol of a listener.
type Protocol string

// The protocols that a proxy listens for.
const (
	HTTP  Protocol = "HTTP"
	HTTPS Protocol = "HTTPS"
	// TLS is for routes of bytes, by SNI: see ListenerTLS.Mode.
	TLS Protocol = "TLS"
	TCP Protocol = "TCP"
	UDP Protocol = "UDP"
)

// TLSMode says where a TLS session ends.
type TLSMode string

// The modes of TLS.
const (
	// TLSTerminate ends the session here, with one of ListenerTLS.Certificates.
	TLSTerminate TLSMode = "terminate"
	// TLSPassthrough leaves it to the endpoints: nothing is decrypted.
	TLSPassthrough TLSMode = "passthrough"
)

// ListenerTLS says how a listener does TLS.
type ListenerTLS struct {
	// Mode is passthrough on TLS listeners only, whose other fields are then empty.
	// Default: terminate.
	Mode TLSMode `json:"mode,omitempty"`
	// Certificates are IDs of Config.Certificates. Whatever names are in them,
	// the listener presents one of these: of those that the client can use, the
	// first that has the SNI as a name, else the first with a wildcard for it, else
	// the first. With none, every handshake is refused: a listener whose
	// certificates are missing keeps its name from falling to a less specific
	// listener.
	Certificates []string `json:"certificates,omitempty"`

	// ClientValidation makes the listener ask for certificates of clients.
	// Listeners with the same Address have the same, but for those without
	// Certificates, which may have none. Default: it does not ask.
	ClientValidation *ClientValidation `json:"client_validation,omitempty"`
}

// ClientValidation says which client certificates are good enough
// (Gateway.spec.tls.frontend, GEP-91).
type ClientValidation struct {
	// CABundles are IDs of Config.CABundles, at least one. A client's certificate
	// chains up to one of the certificates in them and is meant for clients
	// (extended key usage).
	CABundles []string `json:"ca_bundles"`
	// Mode says what becomes of a client without such a certificate. Default:
	// require.
	Mode ClientValidationMode `json:"mode,omitempty"`
}

// ClientValidationMode says what becomes of clients without a valid certificate.
type ClientValidationMode string

// The modes of client validation.
const (
	// ClientCertRequire refuses the handshake.
	ClientCertRequire ClientValidationMode = "require"
	// ClientCertInsecureFallback lets them in, whatever they present or don't.
	ClientCertInsecureFallback ClientValidationMode = "insecure_fallback"
)

// BindAddress is the host:port that the listener is bound to: Address, or
// ":Port". Listeners that share it share a socket; it is what the data plane
// knows a socket by.
func (l *Listener) BindAddress() string {
	if l.Address != "" {
		return l.Address
	}
	return net.JoinHostPort("", strconv.Itoa(int(l.Port)))
}
