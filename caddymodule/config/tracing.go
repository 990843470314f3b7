// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// Tracing says where the spans of the requests of a Gateway go, and of how many of them.
type Tracing struct {
	// Endpoint is the URL of a collector that speaks OTLP, "http://collector.ns:4318".
	// https is TLS, to a certificate that the machine trusts. With protocol http and no
	// path, /v1/traces is it; with grpc there is none.
	Endpoint string `json:"endpoint"`
	// Protocol is http (protobuf) or grpc. Default: http.
	Protocol TracingProtocol `json:"protocol,omitempty"`
	// Sampling is the share of traces that are recorded, of those that begin here.
	// Default: 1/100.
	Sampling *Fraction `json:"sampling,omitempty"`
	// Restart begins a trace for each request, whatever its client says of one. Default:
	// the trace of the client is continued, and recorded if the client records it.
	Restart bool `json:"restart,omitempty"`
	// ServiceName is service.name of the resource. Default: the name of the Gateway.
	ServiceName string `json:"service_name,omitempty"`
	// Attributes are further ones of the resource. A name is there once.
	Attributes []Attribute `json:"attributes,omitempty"`
}

// TracingProtocol is the transport of OTLP.
type TracingProtocol string

// The transports of OTLP.
const (
	TracingHTTP TracingProtocol = "http"
	TracingGRPC TracingProtocol = "grpc"
)

// Attribute of a resource.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ValidateEndpoint says what is wrong with Endpoint, for the one who wrote it.
func (t *Tracing) ValidateEndpoint() error {
	u, err := url.Parse(t.Endpoint)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Opaque != "":
		return errors.New("must be a URL such as http://collector.observability:4318")
	case u.User != nil, u.RawQuery != "", u.ForceQuery, strings.Contains(t.Endpoint, "#"):
		return errors.New("must have neither user, query nor fragment")
	case t.Protocol == TracingGRPC && strings.Trim(u.Path, "/") != "":
		return errors.New("must have no path with protocol gRPC")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("must have a port from 1 to 65535")
		}
	}
	return nil
}

func (t *Tracing) validate(id string) error {
	if t == nil {
		return nil
	}
	if err := oneOf(id, "tracing.protocol", t.Protocol, "", TracingHTTP, TracingGRPC); err != nil {
		return err
	}
	if err := t.ValidateEndpoint(); err != nil {
		return refuse(id, "tracing.endpoint", "%v", err)
	}
	seen := map[string]bool{"service.name": true}
	for i, a := range t.Attributes {
		if a.Name == "" || seen[a.Name] {
			return refuse(id, "tracing.attributes["+strconv.Itoa(i)+"].name", "%q is empty, there twice, or set by service_name", a.Name)
		}
		seen[a.Name] = true
	}
	return t.Sampling.validate(id, "tracing.sampling")
}
