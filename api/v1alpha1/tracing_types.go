// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Tracing describes the spans that proxies record of requests. The context of a trace is
// taken from clients and given to backends as W3C Trace Context has it.
//
// +kubebuilder:validation:XValidation:rule="!has(self.protocol) || self.protocol != 'GRPC' || !has(self.endpoint) || self.endpoint.matches('^https?://[^/]+/?$')",message="endpoint must have no path with protocol GRPC"
type Tracing struct {
	// enabled turns tracing on, which needs an endpoint: in the same parameters, or, for
	// those of a Gateway, in those of its class. Default: true where there is one.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// endpoint is the URL of a collector that speaks OTLP, such as
	// http://collector.observability:4318. https is TLS, to a certificate that the image
	// of the proxy trusts. With protocol HTTP and no path, /v1/traces is it.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^https?://[^/?#@\s]+(/[^?#\s]*)?$`
	// +optional
	Endpoint string `json:"endpoint,omitempty"`

	// protocol of OTLP: HTTP (with protobuf) or GRPC. Default: HTTP.
	// +kubebuilder:validation:Enum=HTTP;GRPC
	// +optional
	Protocol TracingProtocol `json:"protocol,omitempty"`

	// sampling is the share of the traces that begin at the proxy which are recorded.
	// Default: one percent.
	// +optional
	Sampling *Sampling `json:"sampling,omitempty"`

	// clientTraces says what becomes of the trace that a client is in: Continue makes the
	// request part of it, and records it if the client does; Restart begins another one,
	// with a link to it, so that a client can't decide what is recorded.
	// Default: Continue.
	// +kubebuilder:validation:Enum=Continue;Restart
	// +optional
	ClientTraces ClientTraces `json:"clientTraces,omitempty"`

	// serviceName is service.name of the spans. Default: the name of the Gateway.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	ServiceName string `json:"serviceName,omitempty"`

	// resourceAttributes are further attributes of the resource of the spans, such as
	// deployment.environment.name. At most 16. Default: none.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	ResourceAttributes []ResourceAttribute `json:"resourceAttributes,omitempty"`
}

// TracingProtocol is a transport of OTLP.
type TracingProtocol string

// The transports of OTLP.
const (
	TracingProtocolHTTP TracingProtocol = "HTTP"
	TracingProtocolGRPC TracingProtocol = "GRPC"
)

// ClientTraces says what becomes of the traces of clients.
type ClientTraces string

// What becomes of the traces of clients.
const (
	ClientTracesContinue ClientTraces = "Continue"
	ClientTracesRestart  ClientTraces = "Restart"
)

// ResourceAttribute is an attribute of a resource.
type ResourceAttribute struct {
	// name of the attribute, at most 128 letters, digits and _ . / -.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9_./-]*$`
	// +kubebuilder:validation:XValidation:rule="self != 'service.name'",message="service.name is set by serviceName"
	// +required
	Name string `json:"name"`

	// value of the attribute, at most 256 characters.
	// +kubebuilder:validation:MaxLength=256
	// +required
	Value string `json:"value"`
}
