// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

const emptyMessage = "\x00\x00\x00\x00\x00"

// newCall is the request of a gRPC call.
func newCall(t *testing.T, url string, header ...string) *http.Request {
	t.Helper()
	r := newRequest(t, http.MethodPost, url, strings.NewReader(emptyMessage))
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("Te", "trailers")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// wantCode sees that a call was answered with a status and nothing else.
func wantCode(t *testing.T, what string, got answer, code string) {
	t.Helper()
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/grpc" || got.Header.Get("Grpc-Status") != code ||
		got.Header.Get("Grpc-Message") == "" || got.body != "" || len(got.Trailer) > 0 || got.Header.Get("Cache-Control") != "" {
		t.Errorf("%s: %s, header %v, trailer %v, body %q; want code %s", what, got.Status, got.Header, got.Trailer, got.body, code)
	}
}

// ofService is the rule for the methods of a service.
func ofService(name string, rule config.Rule) config.Rule {
	rule.Matches = []config.Match{{Path: &config.PathMatch{Type: config.Service, Value: "/" + name}}}
	return rule
}

// callRules makes a configuration for calls.
func callRules(rules []config.Rule, backends ...config.Backend) *config.Config {
	cfg := oneRule(config.Rule{}, backends...)
	cfg.Gateways[0].ErrorResponses = config.ErrorHTML
	cfg.Routes[0].Protocol = config.RouteGRPC
	cfg.Routes[0].Rules = rules
	return cfg
}

// TestCallsAreRefusedAsCalls meets the answers that a gateway gives by itself.
func TestCallsAreRefusedAsCalls(t *testing.T) {
	nowhere := []config.WeightedBackend{{Weight: 1}}
	cfg := callRules([]config.Rule{
		ofService("invalid", config.Rule{ErrorStatus: 500}),
		ofService("unresolved", config.Rule{Backends: nowhere}),
		ofService("none", config.Rule{Backends: to("none")}),
		ofService("unreachable", config.Rule{Backends: to("closed")}),
		ofService("forbidden", config.Rule{Filters: []config.Filter{{AccessControl: &config.AccessControl{Deny: []string{"127.0.0.0/8"}}}}}),
		ofService("disguised", config.Rule{Backends: nowhere, Filters: []config.Filter{
			{RequestHeaders: &config.HeaderModifier{Remove: []string{"Content-Type"}}},
			{ResponseHeaders: &config.HeaderModifier{Set: []config.Header{{Name: "X-Dressed", Value: "yes"}}}},
		}}),
	}, config.Backend{ID: "none"}, backendAt("closed", closedAddress(t), ""))
	cfg.Listeners[0].Hostname = "a.example"
	cfg.Gateways[0].Limits = &config.Limits{MaxRequestBodyBytes: 10}
	gw, lines, _ := newReporting(t, cfg)
	client := newClient(t, overH2C)
	for path, want := range map[string]struct {
		code   string
		status float64
	}{
		"/nowhere/Get": {"12", 404}, "/invalid/Get": {"14", 500}, "/unresolved/Get": {"14", 500}, "/none/Get": {"14", 503},
		"/unreachable/Get": {"14", 502}, "/forbidden/Get": {"7", 403}, "/disguised/Get": {"14", 500}, "/../Get": {"13", 400},
	} {
		r := newCall(t, gw.URL+path)
		r.Host = "a.example"
		got := do(t, client, r)
		wantCode(t, path, got, want.code)
		if line := <-lines; line["status"] != want.status || line["grpc_status"] != want.code {
			t.Errorf("%s: logged %v", path, line)
		}
		if dressed := got.Header.Get("X-Dressed") == "yes"; dressed != (path == "/disguised/Get") {
			t.Errorf("%s: header %v", path, got.Header)
		}
	}
	r := newCall(t, gw.URL+"/none/Get")
	r.Host = "a.example"
	r.Body, r.ContentLength = http.NoBody, 0
	wantCode(t, "without a message", do(t, client, r), "14")
	<-lines
	large := newRequest(t, http.MethodPost, gw.URL+"/unreachable/Get", strings.NewReader(strings.Repeat(emptyMessage, 3)))
	large.Host, large.Header = "a.example", r.Header.Clone()
	wantCode(t, "too large", do(t, client, large), "8")
	<-lines
	wantCode(t, "another host", do(t, client, newCall(t, gw.URL+"/none/Get")), "12")
}

func closedAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	return ln.Addr().String()
}

// TestOthersAreRefusedAsEver has requests that are no calls, and answers that are no
// refusals.
func TestOthersAreRefusedAsEver(t *testing.T) {
	redirect := &config.Redirect{Scheme: "https", Status: 301}
	static := &config.StaticResponse{Status: 503, Body: []byte("closed")}
	gw := newGateway(t, callRules([]config.Rule{
		ofService("redirect", config.Rule{Filters: []config.Filter{{Redirect: redirect}}}),
		ofService("static", config.Rule{Filters: []config.Filter{{StaticResponse: static}}}),
	}))
	for contentType, client := range map[string]*http.Client{
		"application/grpc": newClient(t), "application/grpc-web": newClient(t, overH2C), "text/plain": newClient(t, overH2C),
	} {
		got := do(t, client, newCall(t, gw.URL+"/nowhere/Get", "Content-Type", contentType))
		if got.StatusCode != http.StatusNotFound || got.Header.Get("Grpc-Status") != "" || !strings.Contains(got.body, "<title>404") {
			t.Errorf("%s by %s: %s, header %v", contentType, got.Proto, got.Status, got.Header)
		}
	}
	for path, status := range map[string]int{"/redirect/Get": 301, "/static/Get": 503} {
		if got := do(t, newClient(t, overH2C), newCall(t, gw.URL+path)); got.StatusCode != status || got.Header.Get("Grpc-Status") != "" {
			t.Errorf("%s: %s, header %v", path, got.Status, got.Header)
		}
	}
}

// frontTLS serves a gateway over TLS and returns the address.
func frontTLS(t *testing.T, gw *gatewayFixture) string {
	t.Helper()
	s := httptest.NewUnstartedServer(gw.engine.Handler(testAddress))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// TestMisdirectedCalls are told so by HTTP: another code than 421 would not make a
// client open another connection.
func TestMisdirectedCalls(t *testing.T) {
	gw := newGateway(t, listeners(config.HTTPS, "a.example", "b.example"))
	client := newClient(t, withSNI(frontTLS(t, gw), "a.example"))
	got := do(t, client, newCall(t, "https://b.example/x/Get"))
	if got.StatusCode != http.StatusMisdirectedRequest || got.Header.Get("Grpc-Status") != "" {
		t.Errorf("%s, header %v", got.Status, got.Header)
	}
	wantCode(t, "a host without listener", do(t, client, newCall(t, "https://c.example/x/Get")), "12")
}

// TestResetsBecomeCodes has a backend that resets the stream of each call.
func TestResetsBecomeCodes(t *testing.T) {
	for reset, want := range map[http2.ErrCode]string{
		http2.ErrCodeCancel: "1", http2.ErrCodeInternal: "13", http2.ErrCodeEnhanceYourCalm: "8", http2.ErrCodeInadequateSecurity: "7",
	} {
		app := rawBackend(t, func(c net.Conn) { resetAll(c, reset) })
		gw, lines, _ := newReporting(t, callRules([]config.Rule{{Backends: to("app")}}, backendAt("app", app, "")))
		wantCode(t, reset.String(), do(t, newClient(t, overH2C), newCall(t, gw.URL+"/x/Get")), want)
		if line := <-lines; line["status"] != 502.0 || line["grpc_status"] != want {
			t.Errorf("%v: logged %v", reset, line)
		}
		gw.engine.Close() // its connection keeps the backend
	}
}

// resetAll serves HTTP/2 until the connection ends.
func resetAll(c net.Conn, code http2.ErrCode) {
	if _, err := c.Read(make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if err := f.WriteSettings(); err != nil {
		return
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				err = f.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			err = f.WriteRSTStream(frame.StreamID, code)
		}
		if err != nil {
			return
		}
	}
}

// TestCallsSpeakHTTP2ToBackends that don't say what they speak, while other requests
// speak HTTP/1.1 to the same ones.
func TestCallsSpeakHTTP2ToBackends(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Proto", r.Proto) })
	cfg := callRules([]config.Rule{{Backends: to("silent")}}, backendAt("silent", app, ""), backendAt("http", app, config.BackendHTTP))
	cfg.Routes[0].Rules = append(cfg.Routes[0].Rules, ofService("http", config.Rule{Backends: to("http")}))
	web := cfg.Routes[0]
	web.ID, web.Protocol = "HTTPRoute/test/other", config.RouteHTTP
	web.Rules = []config.Rule{{Matches: []config.Match{{Path: &config.PathMatch{Type: config.Exact, Value: "/web"}}}, Backends: to("silent")}}
	cfg.Routes = append(cfg.Routes, web)
	gw := newGateway(t, cfg)
	look := func(want map[string]string) {
		t.Helper()
		for path, proto := range want {
			if got := get(t, newClient(t), gw.URL+path); got.Header.Get("X-Proto") != proto {
				t.Errorf("%s: %s, %s to the backend; want %s", path, got.Status, got.Header.Get("X-Proto"), proto)
			}
		}
	}
	look(map[string]string{"/any/Get": "HTTP/2.0", "/http/Get": "HTTP/1.1", "/web": "HTTP/1.1"})
	err := gw.engine.SetEndpoints([]config.BackendEndpoints{{ID: "silent"}})
	if err != nil {
		t.Fatal(err)
	}
	look(map[string]string{"/any/Get": "", "/http/Get": "HTTP/1.1", "/web": ""})
}
