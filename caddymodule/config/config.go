// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

// Ports of a proxy that no listener of a Gateway may take.
const (
	// ControlPort accepts configurations, over mutual TLS only.
	ControlPort = 19443
	// StatusPort serves /readyz, /healthz and /metrics, in plain HTTP.
	StatusPort = 19090
)

// Config is everything that a proxy serves. The order of the objects within a
// list has no meaning; producers sort them by ID so that equal configurations
// are equal bytes.
type Config struct {
	// Version names this configuration, without its endpoints. Opaque to the
	// proxy, which reports it back and compares it with the base of a Delta.
	// Seal computes one from the content.
	Version string `json:"version,omitempty"`

	// LogLevel of the process: debug, info, warn or error. Default: info.
	LogLevel string `json:"log_level,omitempty"`

	Gateways     []Gateway     `json:"gateways,omitempty"`
	Listeners    []Listener    `json:"listeners,omitempty"`
	Routes       []Route       `json:"routes,omitempty"`
	Backends     []Backend     `json:"backends,omitempty"`
	Certificates []Certificate `json:"certificates,omitempty"`
	CABundles    []CABundle    `json:"ca_bundles,omitempty"`
}

// Gateway holds what the listeners of one Gateway have in common.
type Gateway struct {
	// ID is the namespace and name of the Gateway, "default/web".
	ID string `json:"id"`

	// AccessLog turns on one log line for each request, for each connection of tls
	// and tcp routes, and for each session of udp routes. Default: off.
	AccessLog *AccessLog `json:"access_log,omitempty"`

	// Tracing records spans of requests. Default: off, and what requests say about
	// traces is sent on as it is.
	Tracing *Tracing `json:"tracing,omitempty"`

	// ClientAddress says where the address of a client is taken from.
	// Default: the peer of the connection, no proxy in front being trusted.
	ClientAddress *ClientAddress `json:"client_address,omitempty"`

	// ErrorResponses is the form of the answers that the proxy gives by itself
	// (404, 421, 500, 502, 503, 504, ...): empty, html or problem (RFC 9457).
	// Default: empty.
	ErrorResponses ErrorFormat `json:"error_responses,omitempty"`

	Limits *Limits `json:"limits,omitempty"`

	// HTTP3 serves the HTTPS listeners over HTTP/3, too, on the UDP port of the same
	// number, and says so to their clients (Alt-Svc). A port that a UDP listener has
	// is left to that. Default: off.
	HTTP3 bool `json:"http3,omitempty"`

	// SendProxyProtocol is the version of the PROXY protocol by which the endpoints of
	// tls and tcp routes are told who the client is. Default: none.
	SendProxyProtocol ProxyProtocolVersion `json:"send_proxy_protocol,omitempty"`

	// BackendClientCertificate is the ID of the certificate that is presented to
	// endpoints over TLS which ask for one (Gateway.spec.tls.backend). Default:
	// none is.
	BackendClientCertificate string `json:"backend_client_certificate,omitempty"`
}

// ProxyProtocolVersion is a version of the PROXY protocol.
type ProxyProtocolVersion string

// The versions of the PROXY protocol.
const (
	ProxyProtocolV1 ProxyProtocolVersion = "v1"
	ProxyProtocolV2 ProxyProtocolVersion = "v2"
)

// ErrorFormat is the form of the body of an answer that the proxy gives by itself.
type ErrorFormat string

// The forms of error responses.
const (
	ErrorEmpty   ErrorFormat = "empty"
	ErrorHTML    ErrorFormat = "html"
	ErrorProblem ErrorFormat = "problem"
)

// ClientAddress says which proxies in front of the Gateway are believed when
// they name the client. At most one of Header and ProxyProtocol is set.
//
// From a peer that is not trusted, X-Forwarded-* and Forwarded are replaced by
// what the proxy itself saw; from a trusted one they are extended.
type ClientAddress struct {
	// TrustedProxies are the CIDRs of the peers that are believed.
	TrustedProxies []string `json:"trusted_proxies,omitempty"`

	// Header carries the client's address instead of X-Forwarded-For, such as
	// X-Real-Ip. Read only from trusted peers.
	Header string `json:"header,omitempty"`

	// ProxyProtocol demands a PROXY protocol header (v1 or v2) from trusted
	// peers on every TCP connection of the Gateway. A connection of a peer that is
	// not trusted is served without one; with no TrustedProxies every peer is
	// trusted for it.
	ProxyProtocol bool `json:"proxy_protocol,omitempty"`
}

// Limits bound what one client can ask of the proxy. Zero means the default.
type Limits struct {
	// MaxRequestHeaderBytes bounds the request line and header. Default: 65536.
	MaxRequestHeaderBytes int `json:"max_request_header_bytes,omitempty"`
	// MaxRequestBodyBytes bounds a request body; a longer one is answered with
	// 413. Default: no bound.
	MaxRequestBodyBytes int64 `json:"max_request_body_bytes,omitempty"`
	// MaxConnections bounds the open connections of each listening socket; more
	// wait in the accept queue. Default: no bound.
	MaxConnections int `json:"max_connections,omitempty"`
	// MaxConcurrentStreams bounds the streams of one HTTP/2 connection. Default: 250.
	MaxConcurrentStreams int `json:"max_concurrent_streams,omitempty"`
	// RequestHeaderTimeout bounds reading a request header. Default: 60s.
	RequestHeaderTimeout Duration `json:"request_header_timeout,omitempty"`
	// IdleTimeout closes a client connection on which no request is under way.
	// Default: 180s.
	IdleTimeout Duration `json:"idle_timeout,omitempty"`
	// TCPIdleTimeout closes a connection of a tls or tcp route on which nothing was
	// sent in either direction for this long, or up to twice as long. Default: no
	// bound; that the other end is gone is noticed in any case.
	TCPIdleTimeout Duration `json:"tcp_idle_timeout,omitempty"`
	// UDPIdleTimeout ends the session of a client of a udp route that has neither sent
	// nor got anything for this long, or up to twice as long: its next datagram may
	// reach another endpoint. Default: 60s.
	UDPIdleTimeout Duration `json:"udp_idle_timeout,omitempty"`
	// MaxUDPSessions bounds the sessions of each UDP listener; a client beyond it takes
	// the place of the one that was idle for longest. Default: 16384.
	MaxUDPSessions int `json:"max_udp_sessions,omitempty"`
}
