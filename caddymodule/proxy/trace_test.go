// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/loopback"
	"github.com/kubera-dev/kubera/test/otlptest"
)

// all records everything.
var all = &config.Fraction{Numerator: 1, Denominator: 1}

// traced makes the Gateway of a configuration send its spans to a collector.
func traced(cfg *config.Config, c *otlptest.Collector) *config.Config {
	cfg.Gateways[0].Tracing = &config.Tracing{Endpoint: c.HTTP, Sampling: all}
	return cfg
}

// contextOf reads the traceparent that a backend got.
func contextOf(t *testing.T, parent string) (traceID, spanID string, sampled bool) {
	t.Helper()
	parts := strings.Split(parent, "-")
	if len(parts) != 4 || parts[0] != "00" {
		t.Fatalf("traceparent is %q", parent)
	}
	return parts[1], parts[2], parts[3] == "01"
}

// headers is a backend that gives away the header of each request.
func headers(t *testing.T) (address string, got chan http.Header) {
	got = make(chan http.Header, 100)
	return serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header
		io.WriteString(w, "hello")
	}), got
}

const (
	clientTrace  = "0af7651916cd43dd8448eb211c80319c"
	clientSpan   = "b7ad6b7169203331"
	clientParent = "00-" + clientTrace + "-" + clientSpan + "-01"
)

// TestTrace follows a trace from a client to a backend, for both protocols of backends
// and of collectors.
func TestTrace(t *testing.T) {
	for name, tc := range map[string]struct {
		backend   config.BackendProtocol
		collector config.TracingProtocol
		scheme    string
	}{
		"HTTP/1.1":          {config.BackendHTTP, config.TracingHTTP, "http"},
		"HTTP/2, to gRPC":   {config.BackendHTTP2, config.TracingGRPC, "http"},
		"HTTP/1.1 over TLS": {overTLS1, config.TracingHTTP, "https"},
	} {
		t.Run(name, func(t *testing.T) {
			collector := otlptest.New(t)
			app, got := headers(t)
			cfg := traced(oneBackend(app, tc.backend), collector)
			cfg.Routes[0].Rules[0].Name = "main"
			cfg.Routes[0].Rules[0].Filters = []config.Filter{{Rewrite: &config.Rewrite{Hostname: "other", Path: &config.PathModifier{ReplaceFull: new("/new")}}}}
			cfg.Gateways[0].Tracing.Protocol = tc.collector
			if tc.collector == config.TracingGRPC {
				cfg.Gateways[0].Tracing.Endpoint = collector.GRPC
			}
			gw := newGateway(t, cfg)
			r := newRequest(t, http.MethodGet, gw.URL+"/a%20b?secret=1", nil)
			r.Host = "app.example.com:8080"
			r.Header.Set("User-Agent", "test/1")
			r.Header.Set("Traceparent", clientParent)
			r.Header.Set("Tracestate", "vendor=1")
			r.Header.Set("Baggage", "k=v")
			do(t, newClient(t), r)

			spans := collector.Await(t, 2)
			server, client := spans[0], spans[1]
			if server.TraceID != clientTrace || server.ParentID != clientSpan || !server.Server {
				t.Errorf("the span of the request: %+v", server)
			}
			if client.TraceID != clientTrace || client.ParentID != server.SpanID || client.Server {
				t.Errorf("the span of the try: %+v", client)
			}
			header := <-got
			if traceID, spanID, sampled := contextOf(t, header.Get("Traceparent")); traceID != clientTrace || spanID != client.SpanID || !sampled {
				t.Errorf("the backend is in trace %s, span %s; want %s, %s", traceID, spanID, clientTrace, client.SpanID)
			}
			if header.Get("Tracestate") != "vendor=1" || header.Get("Baggage") != "k=v" {
				t.Errorf("the backend got %v", header)
			}
			if server.Name != "GET HTTPRoute/test/web" || client.Name != "GET app" {
				t.Errorf("the names are %q and %q", server.Name, client.Name)
			}
			host, port, _ := net.SplitHostPort(app)
			number, _ := strconv.ParseInt(port, 10, 64)
			if diff := cmp.Diff(map[string]any{
				"http.request.method": "GET", "url.scheme": "http", "url.path": "/a%20b",
				"server.address": "app.example.com", "server.port": int64(8080), "client.address": "127.0.0.1",
				"network.protocol.name": "http", "network.protocol.version": "1.1", "user_agent.original": "test/1",
				"http.response.status_code": int64(200), "http.response.body.size": int64(5),
				"kubera.gateway": "test/web", "kubera.listener": "test/web/http", "kubera.route": "HTTPRoute/test/web",
				"kubera.rule": "main", "kubera.backend": "app", "kubera.endpoint": app,
			}, server.Attributes); diff != "" {
				t.Errorf("the span of the request: %s", diff)
			}
			if diff := cmp.Diff(map[string]any{
				"http.request.method": "GET", "url.full": tc.scheme + "://" + app + "/new",
				"server.address": host, "server.port": number, "http.response.status_code": int64(200),
				"kubera.backend": "app", "kubera.endpoint": app,
			}, client.Attributes); diff != "" {
				t.Errorf("the span of the try: %s", diff)
			}
			if server.Failed || client.Failed || server.End.Before(client.End) || client.Start.Before(server.Start) {
				t.Errorf("%+v\n%+v", server, client)
			}
		})
	}
}

// What a client says of a trace counts only if it is well-formed, and of those that begin
// here a share is recorded.
func TestTraceParents(t *testing.T) {
	for name, tc := range map[string]struct {
		parents  []string
		sampling *config.Fraction
		restart  bool
		// The trace goes on, it is recorded.
		continued, recorded bool
	}{
		"none":                          {nil, all, false, false, true},
		"none, nothing is sampled":      {nil, &config.Fraction{Numerator: 0, Denominator: 1}, false, false, false},
		"recorded":                      {[]string{clientParent}, &config.Fraction{Numerator: 0, Denominator: 1}, false, true, true},
		"not recorded":                  {[]string{"00-" + clientTrace + "-" + clientSpan + "-00"}, all, false, true, false},
		"of a later version":            {[]string{"01-" + clientTrace + "-" + clientSpan + "-01-more"}, all, false, true, true},
		"two":                           {[]string{clientParent, clientParent}, all, false, false, true},
		"nonsense":                      {[]string{"nonsense"}, all, false, false, true},
		"capitals":                      {[]string{strings.ToUpper(clientParent)}, all, false, false, true},
		"zeros":                         {[]string{"00-00000000000000000000000000000000-" + clientSpan + "-01"}, all, false, false, true},
		"of the forbidden version":      {[]string{"ff-" + clientTrace + "-" + clientSpan + "-01"}, all, false, false, true},
		"too long":                      {[]string{clientParent + "-00"}, all, false, false, true},
		"restarted":                     {[]string{clientParent}, all, true, false, true},
		"restarted, nothing is sampled": {[]string{clientParent}, &config.Fraction{Numerator: 0, Denominator: 1}, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			collector := otlptest.New(t)
			app, got := headers(t)
			cfg := traced(oneBackend(app, config.BackendHTTP), collector)
			cfg.Gateways[0].Tracing.Sampling, cfg.Gateways[0].Tracing.Restart = tc.sampling, tc.restart
			gw := newGateway(t, cfg)
			r := newRequest(t, http.MethodGet, gw.URL, nil)
			r.Header["Traceparent"], r.Header["Tracestate"] = tc.parents, []string{"a=1", "b=2"}
			do(t, newClient(t), r)

			header := <-got
			traceID, spanID, sampled := contextOf(t, header.Get("Traceparent"))
			if continued := traceID == clientTrace; continued != tc.continued || spanID == clientSpan || sampled != tc.recorded {
				t.Errorf("the backend got %s", header.Get("Traceparent"))
			}
			if state := header.Get("Tracestate"); state == "a=1,b=2" != tc.continued || !tc.continued && state != "" {
				t.Errorf("the backend got the state %q", state)
			}
			if !tc.recorded {
				gw.engine.Close() // sends what there is
				if spans := collector.Spans(); len(spans) > 0 {
					t.Errorf("recorded nevertheless: %+v", spans)
				}
				return
			}
			server := collector.Await(t, 2)[0]
			if parent := server.ParentID; (parent == clientSpan) != tc.continued || !tc.continued && parent != "" {
				t.Errorf("the parent is %q", parent)
			}
			if linked := len(server.Links) == 1 && server.Links[0] == clientTrace; linked != tc.restart {
				t.Errorf("links are %v", server.Links)
			}
		})
	}
}

// Off means that a request says to the backend what it said to the proxy.
func TestTracingOff(t *testing.T) {
	app, got := headers(t)
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	r := newRequest(t, http.MethodGet, gw.URL, nil)
	r.Header["Traceparent"], r.Header["Tracestate"] = []string{"nonsense", clientParent}, []string{"a=1", "b=2"}
	do(t, newClient(t), r)
	header := <-got
	if diff := cmp.Diff(r.Header["Traceparent"], header["Traceparent"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(r.Header["Tracestate"], header["Tracestate"]); diff != "" {
		t.Error(diff)
	}
}

// Each try has a span of its own, whose context its endpoint gets.
func TestTraceOfRetries(t *testing.T) {
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2} {
		t.Run(string(protocol), func(t *testing.T) {
			collector := otlptest.New(t)
			parents := make(chan string, 10)
			var n atomic.Int32
			app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
				parents <- r.Header.Get("Traceparent")
				if n.Add(1) < 3 {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			})
			cfg := traced(oneRule(config.Rule{Backends: to("app"), Retry: &config.Retry{Attempts: 3, Codes: []int{503}}}, backendAt("app", app, protocol)), collector)
			get(t, newClient(t), newGateway(t, cfg).URL)
			spans := collector.Await(t, 4)
			for i, try := range spans[1:] {
				_, spanID, _ := contextOf(t, <-parents)
				if try.ParentID != spans[0].SpanID || spanID != try.SpanID {
					t.Errorf("try %d: %+v, the endpoint is in %s", i, try, spanID)
				}
				status, kind, before := any(int64(503)), any("503"), any(int64(i))
				if i == 0 {
					before = nil
				}
				if i == 2 {
					status, kind = int64(200), nil
				}
				if a := try.Attributes; a["http.response.status_code"] != status || a["error.type"] != kind || a["http.request.resend_count"] != before || try.Failed != (i < 2) {
					t.Errorf("try %d: %+v", i, try)
				}
			}
			if a := spans[0].Attributes; spans[0].Failed || a["http.response.status_code"] != int64(200) || a["error.type"] != nil {
				t.Errorf("the request: %+v", spans[0])
			}
		})
	}
}

// What fails says why.
func TestTraceOfFailures(t *testing.T) {
	cut := rawBackend(t, func(c net.Conn) {
		c.Read(make([]byte, 4096))
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
	})
	closed := rawBackend(t, func(c net.Conn) { c.Read(make([]byte, 4096)) })
	for name, tc := range map[string]struct {
		endpoints []config.Endpoint
		status    any
		kind, try any
		tries     int
	}{
		"no endpoints": {nil, int64(503), "no_endpoints", nil, 0},
		"unreachable":  {[]config.Endpoint{{Address: loopback.FreeAddress(t)}}, int64(502), "connect_failed", "connect_failed", 1},
		"closed":       {[]config.Endpoint{{Address: closed}}, int64(502), "bad_response", "bad_response", 1},
		"cut":          {[]config.Endpoint{{Address: cut}}, int64(200), "bad_response", "bad_response", 1},
	} {
		t.Run(name, func(t *testing.T) {
			collector := otlptest.New(t)
			cfg := traced(oneRule(config.Rule{Backends: to("app")}, config.Backend{ID: "app", Endpoints: tc.endpoints}), collector)
			resp, err := newClient(t).Do(newRequest(t, http.MethodGet, newGateway(t, cfg).URL, nil))
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			spans := collector.Await(t, 1+tc.tries)
			if s := spans[0]; !s.Failed || s.Message == "" || s.Attributes["error.type"] != tc.kind || s.Attributes["http.response.status_code"] != tc.status {
				t.Errorf("the request: %+v", s)
			}
			for _, s := range spans[1:] {
				if !s.Failed || s.Message == "" || s.Attributes["error.type"] != tc.try {
					t.Errorf("the try: %+v", s)
				}
			}
		})
	}
}
