// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/interop/grpc_testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/otlptest"
)

// Filters see that the request is part of the trace, and have the last word on it.
func TestTraceAndFilters(t *testing.T) {
	for name, tc := range map[string]struct {
		filter config.HeaderModifier
		want   string // of the parent; "" for the span of the try
		none   bool
	}{
		"of other fields": {config.HeaderModifier{Set: []config.Header{{Name: "X-Other", Value: "x"}}}, "", false},
		"removing it":     {config.HeaderModifier{Remove: []string{"Traceparent"}}, "", true},
		"setting it":      {config.HeaderModifier{Set: []config.Header{{Name: "Traceparent", Value: clientParent}}}, clientParent, false},
	} {
		t.Run(name, func(t *testing.T) {
			collector := otlptest.New(t)
			app, got := headers(t)
			rule := config.Rule{Backends: to("app"), Filters: []config.Filter{{RequestHeaders: &tc.filter}}}
			gw := newGateway(t, traced(oneRule(rule, backendAt("app", app, "")), collector))
			get(t, newClient(t), gw.URL)
			parents := (<-got)["Traceparent"]
			spans := collector.Await(t, 2)
			switch {
			case tc.none:
				if parents != nil {
					t.Errorf("the backend got %v", parents)
				}
			case tc.want != "":
				if len(parents) != 1 || parents[0] != tc.want {
					t.Errorf("the backend got %v, want %s", parents, tc.want)
				}
			case len(parents) != 1 || !strings.Contains(parents[0], spans[1].SpanID):
				t.Errorf("the backend got %v, want the span %s", parents, spans[1].SpanID)
			}
		})
	}
}

// Copies that mirrors send are part of the request, and have no spans.
func TestTraceOfMirrors(t *testing.T) {
	collector := otlptest.New(t)
	app, got := headers(t)
	shadow, copied := headers(t)
	rule := config.Rule{Backends: to("app"), Filters: []config.Filter{mirrorTo("shadow")}}
	gw := newGateway(t, traced(oneRule(rule, backendAt("app", app, ""), backendAt("shadow", shadow, "")), collector))
	r := newRequest(t, http.MethodGet, gw.URL, nil)
	r.Header.Set("Traceparent", clientParent)
	do(t, newClient(t), r)
	<-got
	traceID, parent, _ := contextOf(t, (<-copied).Get("Traceparent"))
	gw.engine.Close()
	spans := collector.Await(t, 2)
	if len(spans) != 2 || traceID != clientTrace || parent != spans[0].SpanID {
		t.Errorf("the copy is in trace %s, of the span %s; the spans are %+v", traceID, parent, spans)
	}
}

// What the proxy answers by itself has a span, too.
func TestTraceOfAnswersOfTheProxy(t *testing.T) {
	collector := otlptest.New(t)
	cfg := oneRule(config.Rule{Matches: []config.Match{{Path: &config.PathMatch{Type: config.Prefix, Value: "/static"}}},
		Filters: []config.Filter{{StaticResponse: &config.StaticResponse{Status: 503}}}})
	gw := newGateway(t, traced(cfg, collector))
	get(t, newClient(t), gw.URL+"/static")
	get(t, newClient(t), gw.URL+"/missing")
	spans := collector.Await(t, 2)
	if s := spans[0]; s.Name != "GET HTTPRoute/test/web" || !s.Failed || s.Attributes["error.type"] != "503" {
		t.Errorf("an error of a filter: %+v", s)
	}
	if s := spans[1]; s.Name != "GET" || s.Failed || s.Attributes["http.response.status_code"] != int64(404) || s.Attributes["kubera.listener"] != "test/web/http" {
		t.Errorf("no route: %+v", s)
	}
}

// Of what a client sends nothing may keep the spans of others from being sent: in
// OTLP strings are UTF-8.
func TestTraceOfHostileRequests(t *testing.T) {
	collector := otlptest.New(t)
	app, _ := headers(t)
	gw := newGateway(t, traced(oneBackend(app, config.BackendHTTP), collector))
	c := connect(t, gw.Address)
	send(t, c, "B\x23LUFF /\xff\xfe HTTP/1.1\r\nHost: a\r\nUser-Agent: \xff"+bigText(10000)+"\r\n\r\n")
	readUntil(t, c, "hello")
	spans := collector.Await(t, 2)
	if a := spans[0].Attributes; a["http.request.method"] != "_OTHER" || a["http.request.method_original"] != "B#LUFF" || a["url.path"] != "/\ufffd" ||
		!strings.HasPrefix(a["user_agent.original"].(string), "\ufffd0123") || len(a["user_agent.original"].(string)) > 5000 {
		t.Errorf("%+v", a)
	}
	if !strings.HasPrefix(spans[0].Name, "HTTP ") || !strings.HasPrefix(spans[1].Name, "HTTP ") {
		t.Errorf("the names are %q and %q", spans[0].Name, spans[1].Name)
	}
}

// A line of the access log names the trace, and each trace that is recorded has a line.
func TestTraceInAccessLog(t *testing.T) {
	collector := otlptest.New(t)
	app := serveFunc(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	cfg := traced(oneBackend(app, config.BackendHTTP), collector)
	cfg.Gateways[0].AccessLog = &config.AccessLog{Sampling: &config.Fraction{Numerator: 0, Denominator: 1}}
	lines := &logLines{lines: make(chan map[string]any, 10)}
	gw := newGatewayWith(t, cfg, Options{AccessLog: lines})
	for _, flags := range []string{"-00", "-01"} {
		r := newRequest(t, http.MethodGet, gw.URL+"/"+flags, nil)
		r.Header.Set("Traceparent", strings.TrimSuffix(clientParent, "-01")+flags)
		do(t, newClient(t), r)
	}
	line := <-lines.lines
	server := collector.Await(t, 2)[0]
	if line["target"] != "/-01" || line["trace_id"] != clientTrace || line["span_id"] != server.SpanID {
		t.Errorf("%v, want the span %s", line, server.SpanID)
	}
	cfg.Gateways[0].AccessLog = &config.AccessLog{}
	gw.apply(t, cfg)
	r := newRequest(t, http.MethodGet, gw.URL, nil)
	r.Header.Set("Traceparent", strings.TrimSuffix(clientParent, "-01")+"-00")
	do(t, newClient(t), r)
	if line := <-lines.lines; line["trace_id"] != clientTrace || line["span_id"] == nil {
		t.Errorf("a trace that is not recorded: %v", line)
	}
}

// Calls say what the conventions for gRPC want.
func TestTraceOfCalls(t *testing.T) {
	collector := otlptest.New(t)
	client, _ := newGRPC(t, func(cfg *config.Config) { traced(cfg, collector) })
	const unary, empty = "grpc.testing.TestService/UnaryCall", "grpc.testing.TestService/EmptyCall"
	_, _ = client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{})
	for _, code := range []codes.Code{codes.NotFound, codes.Internal} {
		_, _ = client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{ResponseStatus: &grpc_testing.EchoStatus{Code: int32(code)}})
	}
	_, _ = client.EmptyCall(t.Context(), &grpc_testing.Empty{})
	var calls []otlptest.Span
	for _, s := range collector.Await(t, 8) {
		if s.Server {
			calls = append(calls, s)
		}
	}
	for i, want := range []struct {
		name, method string
		status       string
		kind         any // of the error
	}{
		{unary, unary, "OK", nil},
		{unary, unary, "NOT_FOUND", nil},
		{unary, unary, "INTERNAL", "INTERNAL"},
		{"POST HTTPRoute/test/web", "_OTHER", "UNIMPLEMENTED", "UNIMPLEMENTED"},
	} {
		s := calls[i]
		if a := s.Attributes; s.Name != want.name || s.Failed != (want.kind != nil) || a["rpc.system.name"] != "grpc" || a["rpc.method"] != want.method ||
			a["rpc.response.status_code"] != want.status || a["error.type"] != want.kind || a["network.protocol.version"] != "2" {
			t.Errorf("call %d: %+v", i, s)
		}
	}
	if original := calls[3].Attributes["rpc.method_original"]; original != empty {
		t.Errorf("the method that is not implemented is %v", original)
	}
}
