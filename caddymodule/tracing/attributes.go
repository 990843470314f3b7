// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"cmp"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/grpcwire"
)

// The names of what served a request.
const (
	gatewayKey  = attribute.Key("kubera.gateway")
	listenerKey = attribute.Key("kubera.listener")
	routeKey    = attribute.Key("kubera.route")
	ruleKey     = attribute.Key("kubera.rule")
	backendKey  = attribute.Key("kubera.backend")
	endpointKey = attribute.Key("kubera.endpoint")
)

// Request is what is known of a request once its response has ended: what the access log
// has, and more.
type Request struct {
	*accesslog.Entry

	// Scheme is http or https.
	Scheme string
	// Port is that of the listener.
	Port int32
	// Failure names the kind of an Error, if it is that of a backend.
	Failure string
}

// describe says of a span what the conventions for HTTP servers want, but for the query,
// which may hold what is secret.
func (r *Request) describe(s trace.Span) {
	method, original := methodOf(r.Method)
	server := hostOf(r.Host)
	list := append(make([]attribute.KeyValue, 0, 24),
		method, semconv.URLScheme(r.Scheme), semconv.URLPath(valid(pathOf(r.Target))),
		semconv.ServerAddress(valid(server.name)), semconv.ServerPort(cmp.Or(server.port, int(r.Port))),
		semconv.NetworkProtocolName("http"), semconv.NetworkProtocolVersion(versionOf(r.Proto)),
		semconv.HTTPResponseBodySize(int(r.Bytes)),
	)
	if original {
		list = append(list, semconv.HTTPRequestMethodOriginal(valid(r.Method)))
	}
	if r.Client.IsValid() {
		list = append(list, semconv.ClientAddress(r.Client.String()))
	}
	if r.Status != 0 {
		list = append(list, semconv.HTTPResponseStatusCode(r.Status))
	}
	for _, a := range []attribute.KeyValue{
		semconv.UserAgentOriginal(valid(r.UserAgent)), gatewayKey.String(r.Gateway), listenerKey.String(r.Listener),
		routeKey.String(r.Route), ruleKey.String(r.Rule), backendKey.String(r.Backend), endpointKey.String(r.Endpoint),
	} {
		if a.Value.AsString() != "" {
			list = append(list, a)
		}
	}
	name := nameOf(r.Method)
	if r.Route != "" {
		name += " " + r.Route
	}
	if r.GRPCStatus != "" {
		call := callOf(r.Target, r.GRPCStatus)
		list = append(list, call...)
		if known := call[1].Value.AsString(); known != otherMethod && r.Route != "" {
			name = known
		}
	}
	if kind := r.failure(); kind != "" {
		list = append(list, semconv.ErrorTypeKey.String(kind))
		s.SetStatus(codes.Error, valid(r.Error))
	}
	s.SetName(name)
	s.SetAttributes(list...)
}

// failure is error.type, empty if it was not the proxy or the backend that failed.
func (r *Request) failure() string {
	switch {
	case !r.Failed():
		return ""
	case r.Failure != "":
		return r.Failure
	case r.Status >= 500:
		return strconv.Itoa(r.Status)
	case grpcwire.IsServerError(r.GRPCStatus):
		return grpcwire.Name(r.GRPCStatus)
	}
	return semconv.ErrorTypeOther.Value.AsString()
}

// Try is what is known of a try before it.
type Try struct {
	// Method, Target, Scheme and Header are those of the request to the endpoint. The
	// header is changed.
	Method, Target, Scheme string
	Header                 http.Header
	// Backend and Endpoint are its names.
	Backend, Endpoint string
}

// describe says of a span what the conventions for HTTP clients want.
func (t *Try) describe(s trace.Span, before int) {
	method, original := methodOf(t.Method)
	server := hostOf(t.Endpoint)
	list := append(make([]attribute.KeyValue, 0, 12),
		method, semconv.URLFull(valid(t.Scheme+"://"+t.Endpoint+pathOf(t.Target))),
		semconv.ServerAddress(server.name), semconv.ServerPort(server.port),
		backendKey.String(t.Backend), endpointKey.String(t.Endpoint),
	)
	if original {
		list = append(list, semconv.HTTPRequestMethodOriginal(valid(t.Method)))
	}
	if before > 0 {
		list = append(list, semconv.HTTPRequestResendCount(before))
	}
	s.SetName(nameOf(t.Method) + " " + t.Backend)
	s.SetAttributes(list...)
}

// TryEnd is what came of a try.
type TryEnd struct {
	// Status of the response, 0 if there was none.
	Status int
	// Error is why there is no complete response, and Failure names its kind.
	Error   error
	Failure string
}

func (e *TryEnd) describe(s trace.Span) {
	if e.Status != 0 {
		s.SetAttributes(semconv.HTTPResponseStatusCode(e.Status))
	}
	switch {
	case e.Error != nil:
		s.SetAttributes(semconv.ErrorTypeKey.String(cmp.Or(e.Failure, semconv.ErrorTypeOther.Value.AsString())))
		s.SetStatus(codes.Error, valid(e.Error.Error()))
	case e.Status >= 400:
		s.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(e.Status)))
		s.SetStatus(codes.Error, "")
	}
}

// methodOf is the method, or _OTHER for one that is not of the conventions, which is true.
func methodOf(method string) (a attribute.KeyValue, original bool) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace, "QUERY":
		return semconv.HTTPRequestMethodKey.String(method), false
	}
	return semconv.HTTPRequestMethodOther, true
}

// nameOf is how the name of a span begins.
func nameOf(method string) string {
	if _, original := methodOf(method); original {
		return "HTTP"
	}
	return method
}

// otherMethod is the method of a call that the server doesn't know.
const otherMethod = "_OTHER"

// callOf says what the conventions for gRPC want, the method being the second.
func callOf(target, status string) []attribute.KeyValue {
	list := make([]attribute.KeyValue, 0, 4)
	method := valid(strings.TrimPrefix(pathOf(target), "/"))
	list = append(list, semconv.RPCSystemNameGRPC)
	if grpcwire.Name(status) == "UNIMPLEMENTED" {
		list = append(list, semconv.RPCMethod(otherMethod), semconv.RPCMethodOriginal(method))
	} else {
		list = append(list, semconv.RPCMethod(method))
	}
	return append(list, semconv.RPCResponseStatusCode(valid(grpcwire.Name(status))))
}

// pathOf is the path of a request target.
func pathOf(target string) string {
	if !strings.HasPrefix(target, "/") {
		u, err := url.Parse(target)
		if err != nil {
			return target
		}
		return u.EscapedPath()
	}
	path, _, _ := strings.Cut(target, "?")
	return path
}

type host struct {
	name string
	port int // 0 if there is none
}

func hostOf(hostport string) host {
	name, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return host{name: strings.Trim(hostport, "[]")}
	}
	n, _ := strconv.Atoi(port)
	return host{name, n}
}

// versionOf is 1.1 for HTTP/1.1, and 2 for HTTP/2.0.
func versionOf(proto string) string {
	version := strings.TrimPrefix(proto, "HTTP/")
	if version == "2.0" || version == "3.0" {
		return version[:1]
	}
	return version
}
