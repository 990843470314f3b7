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
}

// Gateway holds what the listeners of one Gateway have in common.
type Gateway struct {
	// ID is the namespace and name of the Gateway, "default/web".
	ID string `json:"id"`

	// AccessLog turns on one log line for each request. Default: off.
	AccessLog *AccessLog `json:"access_log,omitempty"`

	// ClientAddress says where the address of a client is taken from.
	// Default: the peer of the connection, no proxy in front being trusted.
	ClientAddress *ClientAddress `json:"client_address,omitempty"`

	// ErrorResponses is the form of the answers that the proxy gives by itself
	// (404, 421, 500, 502, 503, 504, ...): empty, html or problem (RFC 9457).
	// Default: empty.
	ErrorResponses ErrorFormat `json:"error_responses,omitempty"`

	Limits *Limits `json:"limits,omitempty"`
}

// AccessLog describes the access log of a Gateway, which goes to standard output.
type AccessLog struct {
	// Format is json or text (the combined log format). Default: json.
	Format LogFormat `json:"format,omitempty"`
}

// LogFormat is the form of an access log line.
type LogFormat string

// The access log formats.
const (
	LogJSON LogFormat = "json"
	LogText LogFormat = "text"
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
	// peers on every connection of the Gateway. A connection of a peer that is
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
	// IdleTimeout closes a client connection on which nothing is under way.
	// Default: 180s.
	IdleTimeout Duration `json:"idle_timeout,omitempty"`
}

// Listener is one listener of a Gateway.
type Listener struct {
	// ID is the namespace and name of the Gateway and the name of the
	// listener, "default/web/https".
	ID string `json:"id"`
	// Gateway is the ID of the Gateway it belongs to. Listeners with the same
	// Address belong to the same Gateway.
	Gateway string `json:"gateway"`

	// Protocol is HTTP or HTTPS. Listeners with the same Address have the same.
	Protocol Protocol `json:"protocol"`
	// Port is the port by which clients know the listener. It decides redirects
	// and X-Forwarded-Port.
	Port int32 `json:"port"`
	// Address is the host:port to bind, where that differs from ":Port". The
	// host may be empty (all addresses, IPv4 and IPv6).
	Address string `json:"address,omitempty"`

	// Hostname narrows the listener: an exact name, a wildcard ("*.example.com",
	// which stands for one or more labels), or empty for every name. A request is
	// served by the most specific listener of its Address and by no other.
	Hostname string `json:"hostname,omitempty"`

	// TLS is set on HTTPS listeners.
	TLS *ListenerTLS `json:"tls,omitempty"`
}

// Protocol of a listener.
type Protocol string

// The protocols that a proxy listens for.
const (
	HTTP  Protocol = "HTTP"
	HTTPS Protocol = "HTTPS"
)

// ListenerTLS says how a listener terminates TLS.
type ListenerTLS struct {
	// Certificates are IDs of Config.Certificates. Whatever names are in them,
	// the listener presents one of these: of those that the client can use, the
	// first that has the SNI as a name, else the first with a wildcard for it, else
	// the first. With none, every handshake is refused: a listener whose
	// certificates are missing keeps its name from falling to a less specific
	// listener.
	Certificates []string `json:"certificates,omitempty"`
}

// Certificate is a certificate chain with its private key.
type Certificate struct {
	ID string `json:"id"`
	// Chain is one or more PEM blocks, the leaf first.
	Chain string `json:"chain"`
	// Key is a PEM block. It is never logged nor reported back.
	Key string `json:"key"`
}

// Backend is a set of endpoints that are the same to a request.
type Backend struct {
	// ID names the backend, "Service/default/echo/8080".
	ID string `json:"id"`
	// Protocol is what the endpoints speak. Default: http.
	Protocol BackendProtocol `json:"protocol,omitempty"`
	// Endpoints may be empty: requests are then answered with 503.
	Endpoints []Endpoint `json:"endpoints,omitempty"`
}

// BackendProtocol is what endpoints speak.
type BackendProtocol string

// The protocols spoken to endpoints.
const (
	// BackendHTTP is HTTP/1.1, Upgrade (WebSocket) included.
	BackendHTTP BackendProtocol = "http"
	// BackendH2C is HTTP/2 in clear text with prior knowledge.
	BackendH2C BackendProtocol = "h2c"
)

// Endpoint is one address of a backend.
type Endpoint struct {
	// Address is host:port. The host is an IP address, or a DNS name that is
	// resolved at each dial.
	Address string `json:"address"`
	// Draining endpoints get requests only where a backend has no others: they
	// still serve but are about to end.
	Draining bool `json:"draining,omitempty"`
}
