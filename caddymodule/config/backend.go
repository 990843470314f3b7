// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

// Backend is a set of endpoints that are the same to a request.
type Backend struct {
	// ID names the backend, "Service/default/echo/8080", or
	// "Service/default/dns/53/UDP" for a port of UDP.
	ID string `json:"id"`
	// Protocol is what the endpoints speak to requests. Default: http, or http2 for
	// the requests of routes with the protocol grpc.
	Protocol BackendProtocol `json:"protocol,omitempty"`
	// TLS is spoken to the endpoints if it is set: to requests, and to connections of
	// which nothing is encrypted any more, that is those of TCP and of TLS that is
	// terminated.
	TLS *BackendTLS `json:"tls,omitempty"`
	// Endpoints may be empty: requests are then answered with 503, connections reset
	// and datagrams dropped.
	Endpoints []Endpoint `json:"endpoints,omitempty"`
}

// BackendProtocol is what endpoints speak.
type BackendProtocol string

// The protocols spoken to endpoints.
const (
	// BackendHTTP is HTTP/1.1, Upgrade (WebSocket) included.
	BackendHTTP BackendProtocol = "http"
	// BackendHTTP2 is HTTP/2 with prior knowledge (h2c), or over TLS if the
	// backend has that.
	BackendHTTP2 BackendProtocol = "http2"
)

// Endpoint is one address of a backend.
type Endpoint struct {
	// Address is host:port. The host is an IP address, or a DNS name that is
	// resolved at each dial.
	Address string `json:"address"`
	// Draining endpoints get requests, and new connections and sessions, only where a
	// backend has no others: they still serve but are about to end.
	Draining bool `json:"draining,omitempty"`
}

// BackendTLS says how endpoints prove who they are (BackendTLSPolicy, GEP-1897).
// Connections are never shared between backends that differ in it, nor between
// Gateways that differ in their client certificate.
type BackendTLS struct {
	// ServerName is sent as SNI. Without SubjectAltNames the certificate of an
	// endpoint must be valid for it.
	ServerName string `json:"server_name"`
	// SubjectAltNames, if there are any, say who an endpoint may be instead of
	// ServerName: its certificate must have one of them.
	SubjectAltNames []SubjectAltName `json:"subject_alt_names,omitempty"`
	// CABundles are IDs of Config.CABundles: the certificate of an endpoint must
	// chain up to one of the certificates in them. Empty: to one of those that the
	// machine of the proxy trusts, which SystemCAs must then say.
	CABundles []string `json:"ca_bundles,omitempty"`
	SystemCAs bool     `json:"system_cas,omitempty"`
}

// SubjectAltName is a name that a certificate may have. Exactly one field is set.
type SubjectAltName struct {
	// DNS is a DNS name. A wildcard in the certificate covers one label of it; a
	// wildcard here stands for just that in the certificate.
	DNS string `json:"dns,omitempty"`
	// URI is compared as it is, such as "spiffe://example.com/ns/default/sa/web".
	URI string `json:"uri,omitempty"`
}
