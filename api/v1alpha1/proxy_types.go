// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// ProxyParameters describe what the proxies do with every request. They reach
// running proxies without a restart.
type ProxyParameters struct {
	// logLevel of the proxies' own log: debug, info, warn or error. Default: info.
	// +kubebuilder:validation:Enum=debug;info;warn;error
	// +optional
	LogLevel LogLevel `json:"logLevel,omitempty"`

	// accessLog is one line for each request, and for each connection and session of
	// TLSRoutes, TCPRoutes and UDPRoutes, on standard output.
	// +optional
	AccessLog *AccessLog `json:"accessLog,omitempty"`

	// tracing sends spans of requests to an OpenTelemetry collector.
	// +optional
	Tracing *Tracing `json:"tracing,omitempty"`

	// clientAddress says where the address of a client is taken from.
	// +optional
	ClientAddress *ClientAddress `json:"clientAddress,omitempty"`

	// errorResponses is the body of the answers that a proxy gives by itself (404,
	// 500, 503, 504, ...): Empty, HTML or ProblemDetails (RFC 9457).
	// Default: Empty.
	// +kubebuilder:validation:Enum=Empty;HTML;ProblemDetails
	// +optional
	ErrorResponses ErrorResponses `json:"errorResponses,omitempty"`

	// http3 serves HTTPS listeners over HTTP/3, too, on the UDP port of the same
	// number, unless a listener with protocol UDP has that. Default: false.
	// +optional
	HTTP3 *bool `json:"http3,omitempty"`

	// sendProxyProtocol is the version of the PROXY protocol, V1 or V2, by which the
	// endpoints of TLSRoutes and TCPRoutes are told who the client is. All of them must
	// expect it. Default: None.
	// +kubebuilder:validation:Enum=None;V1;V2
	// +optional
	SendProxyProtocol ProxyProtocolVersion `json:"sendProxyProtocol,omitempty"`

	// limits bound what one client can ask of a proxy.
	// +optional
	Limits *Limits `json:"limits,omitempty"`
}

// ProxyProtocolVersion is a version of the PROXY protocol.
type ProxyProtocolVersion string

// The versions of the PROXY protocol.
const (
	ProxyProtocolNone ProxyProtocolVersion = "None"
	ProxyProtocolV1   ProxyProtocolVersion = "V1"
	ProxyProtocolV2   ProxyProtocolVersion = "V2"
)

// LogLevel is how much a proxy logs.
type LogLevel string

// The log levels.
const (
	LogLevelDebug LogLevel = "debug"
	LogLevelInfo  LogLevel = "info"
	LogLevelWarn  LogLevel = "warn"
	LogLevelError LogLevel = "error"
)

// ErrorResponses is the form of the answers that a proxy gives by itself.
type ErrorResponses string

// The forms of error responses.
const (
	ErrorResponsesEmpty          ErrorResponses = "Empty"
	ErrorResponsesHTML           ErrorResponses = "HTML"
	ErrorResponsesProblemDetails ErrorResponses = "ProblemDetails"
)

// ClientAddress says which proxies in front of the Gateway are believed when they
// name the client. Without any, the client is the peer of the connection.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.header) && has(self.proxyProtocol) && self.proxyProtocol)",message="header and proxyProtocol exclude each other: remove one of them"
type ClientAddress struct {
	// trustedProxies are the ranges of the peers that are believed in
	// X-Forwarded-For, in header and in the PROXY protocol. What others say there
	// is replaced. At most 128. Default: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +listType=atomic
	// +optional
	TrustedProxies []CIDR `json:"trustedProxies,omitempty"`

	// header that carries the client's address instead of X-Forwarded-For, such as
	// X-Real-IP. It is read from trustedProxies only, so it needs some. Excludes
	// proxyProtocol. At most 256 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$`
	// +optional
	Header string `json:"header,omitempty"`

	// proxyProtocol demands a PROXY protocol header (version 1 or 2) from
	// trustedProxies on every TCP connection, or from everybody if there are none.
	// Excludes header. Default: false.
	// +optional
	ProxyProtocol *bool `json:"proxyProtocol,omitempty"`
}

// Limits bound what one client can ask of a proxy.
type Limits struct {
	// maxRequestHeaderBytes bounds the request line and header together, from 1Ki to
	// 1Mi. Default: 64Ki.
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).isInteger() && quantity(string(self)).compareTo(quantity('1Ki')) >= 0 && quantity(string(self)).compareTo(quantity('1Mi')) <= 0",message="maxRequestHeaderBytes must be a number of bytes from 1Ki to 1Mi"
	// +optional
	MaxRequestHeaderBytes *resource.Quantity `json:"maxRequestHeaderBytes,omitempty"`

	// maxRequestBodyBytes bounds a request body; a longer one is answered with 413.
	// At least 1. Default: no bound.
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).isInteger() && quantity(string(self)).isGreaterThan(quantity('0'))",message="maxRequestBodyBytes must be a whole number of bytes greater than 0"
	// +optional
	MaxRequestBodyBytes *resource.Quantity `json:"maxRequestBodyBytes,omitempty"`

	// maxConnections bounds the open client connections of each listener port of
	// one proxy pod; more wait to be accepted. From 1 to 10000000.
	// Default: no bound.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	// +optional
	MaxConnections *int32 `json:"maxConnections,omitempty"`

	// maxConcurrentStreams bounds the requests under way on one HTTP/2 connection,
	// from 1 to 100000. Default: 250.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +optional
	MaxConcurrentStreams *int32 `json:"maxConcurrentStreams,omitempty"`

	// requestHeaderTimeout bounds the time to read a request header, from 1ms to 1h.
	// Default: 60s.
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s') && duration(self) <= duration('1h')",message="requestHeaderTimeout must be more than 0s and at most 1h"
	// +optional
	RequestHeaderTimeout *gwv1.Duration `json:"requestHeaderTimeout,omitempty"`

	// idleTimeout closes a client connection on which no request is under way, from 1ms
	// to 24h. Default: 180s.
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s') && duration(self) <= duration('24h')",message="idleTimeout must be more than 0s and at most 24h"
	// +optional
	IdleTimeout *gwv1.Duration `json:"idleTimeout,omitempty"`

	// tcpIdleTimeout closes a connection of a TLSRoute or TCPRoute on which nothing was
	// sent in either direction for this long, or up to twice as long, from 1s to 168h.
	// Default: no bound.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('168h')",message="tcpIdleTimeout must be from 1s to 168h"
	// +optional
	TCPIdleTimeout *gwv1.Duration `json:"tcpIdleTimeout,omitempty"`

	// udpIdleTimeout ends the session of a client of a UDPRoute that has neither sent nor
	// got anything for this long, or up to twice as long, from 1s to 24h. Its next
	// datagram may reach another endpoint. Default: 60s.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="udpIdleTimeout must be from 1s to 24h"
	// +optional
	UDPIdleTimeout *gwv1.Duration `json:"udpIdleTimeout,omitempty"`

	// maxUDPSessions bounds the sessions of each listener with protocol UDP in one proxy
	// pod; a client beyond it takes the place of the one that was idle for longest. From
	// 1 to 1000000. Default: 16384.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	MaxUDPSessions *int32 `json:"maxUDPSessions,omitempty"`
}
