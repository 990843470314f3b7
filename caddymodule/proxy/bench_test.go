// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/otlptest"
)

// The requests and the response that proxies are measured with.
const (
	benchGet = "GET /index.html?x=1 HTTP/1.1\r\nHost: app.example.com\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n" +
		"Accept-Encoding: gzip\r\nCookie: session=0123456789abcdef\r\n\r\n"
	benchPost     = "POST /index.html HTTP/1.1\r\nHost: app.example.com\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
	benchResponse = "HTTP/1.1 200 OK\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n" +
		"Content-Length: 13\r\n\r\nHello, world!"
)

// benchBackend answers as soon as it has read the end of a request, and
// allocates nothing for it, but for TLS what that needs.
func benchBackend(tb testing.TB, protocol config.BackendProtocol) string {
	tb.Helper()
	secured := serverTLS(tb, testCA(tb), serverName)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			if protocol == overTLS1 {
				c = tls.Server(c, secured)
			}
			go answerBench(c)
		}
	}()
	tb.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().String()
}

func answerBench(c net.Conn) {
	defer c.Close()
	buf, response, have := make([]byte, 4096), []byte(benchResponse), 0
	for {
		n, err := c.Read(buf[have:])
		if err != nil {
			return
		}
		have += n
		if request := buf[:have]; bytes.HasSuffix(request, []byte("\r\n\r\n")) || bytes.HasSuffix(request, []byte("\r\n\r\nhello")) {
			have = 0
			if _, err := c.Write(response); err != nil {
				return
			}
		}
	}
}

// benchClient sends the same request again and again on one connection, and
// allocates nothing for it.
type benchClient struct {
	conn    net.Conn
	request []byte
	buf     []byte
	end     string // of the response
}

func newBenchClient(tb testing.TB, address, request string) *benchClient {
	tb.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return &benchClient{conn: c, request: []byte(request), buf: make([]byte, 4096), end: "Hello, world!"}
}

func (c *benchClient) do(tb testing.TB) {
	if _, err := c.conn.Write(c.request); err != nil {
		tb.Fatal(err)
	}
	for have := 0; ; {
		n, err := c.conn.Read(c.buf[have:])
		if err != nil {
			tb.Fatal(err)
		}
		have += n
		if bytes.HasSuffix(c.buf[:have], []byte(c.end)) {
			return
		}
	}
}

// The proxies that are compared: both answer from the same backend, behind the
// same http.Server, and tell the backend the client's address.
func benchProxies(tb testing.TB, protocol config.BackendProtocol) map[string]string {
	backend := benchBackend(tb, protocol)
	target := &url.URL{Scheme: "http", Host: backend}
	if protocol == overTLS1 {
		target.Scheme = "https"
	}
	transport := &http.Transport{
		MaxIdleConnsPerHost: 512, DisableCompression: true,
		TLSClientConfig: &tls.Config{RootCAs: testCA(tb).Pool(), ServerName: serverName},
	}
	tb.Cleanup(transport.CloseIdleConnections)
	reference := httptest.NewServer(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
	})
	tb.Cleanup(reference.Close)
	return map[string]string{
		"kubera":       newGateway(tb, oneBackend(backend, protocol)).Address,
		"ReverseProxy": reference.Listener.Addr().String(),
	}
}

var benchProtocols = []config.BackendProtocol{config.BackendHTTP, overTLS1}

var benchRequests = map[string]string{"GET": benchGet, "POST": benchPost}

// TestAllocatesLessThanReverseProxy compares everything that a process allocates
// for a request, net/http's server included.
func TestAllocatesLessThanReverseProxy(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, protocol := range benchProtocols {
		proxies := benchProxies(t, protocol)
		for name, request := range benchRequests {
			allocs := map[string]float64{}
			for proxy, address := range proxies {
				client := newBenchClient(t, address, request)
				for range 100 {
					client.do(t) // connections are made, pools are filled
				}
				allocs[proxy] = testing.AllocsPerRun(1000, func() { client.do(t) })
			}
			t.Logf("%s, %s: %v allocations", protocol, name, allocs)
			if allocs["kubera"] > allocs["ReverseProxy"]/2 {
				t.Errorf("%s, %s: %v allocations; want at most half of ReverseProxy's %v", protocol, name, allocs["kubera"], allocs["ReverseProxy"])
			}
		}
	}
}

func BenchmarkProxy(b *testing.B) {
	for _, protocol := range benchProtocols {
		for name, request := range benchRequests {
			for proxy, address := range benchProxies(b, protocol) {
				b.Run(string(protocol)+"/"+name+"/"+proxy, func(b *testing.B) {
					client := newBenchClient(b, address, request)
					client.do(b)
					b.ReportAllocs()
					for b.Loop() {
						client.do(b)
					}
				})
			}
		}
	}
}

// BenchmarkRules sends a page's GET by rules that do more than forward it. The copies
// of the mirrored one count as well.
func BenchmarkRules(b *testing.B) {
	page := strings.Replace(benchGet, "Accept:", "Origin: https://a.com\r\nAccept:", 1)
	backend := benchBackend(b, config.BackendHTTP)
	for name, rule := range map[string]config.Rule{
		"plain":  {},
		"retry":  {Retry: &config.Retry{Attempts: 3, Codes: []int{503}}},
		"cors":   {Filters: []config.Filter{corsFor("https://a.com")}},
		"mirror": {Filters: []config.Filter{mirrorTo("app")}},
	} {
		b.Run(name, func(b *testing.B) {
			rule.Backends = to("app")
			client := newBenchClient(b, newGateway(b, oneRule(rule, backendAt("app", backend, ""))).Address, page)
			client.do(b)
			b.ReportAllocs()
			for b.Loop() {
				client.do(b)
			}
		})
	}
}

// BenchmarkAccessLog sends a GET to Gateways that log all requests, none, or have no
// access log.
func BenchmarkAccessLog(b *testing.B) {
	backend := benchBackend(b, config.BackendHTTP)
	for name, log := range map[string]*config.AccessLog{
		"off":  nil,
		"none": {Sampling: &config.Fraction{Numerator: 0, Denominator: 100}},
		"all":  {},
	} {
		b.Run(name, func(b *testing.B) {
			cfg := oneBackend(backend, config.BackendHTTP)
			cfg.Gateways[0].AccessLog = log
			gw := newGatewayWith(b, cfg, Options{AccessLog: zapcore.AddSync(io.Discard)})
			client := newBenchClient(b, gw.Address, benchGet)
			client.do(b)
			b.ReportAllocs()
			for b.Loop() {
				client.do(b)
			}
		})
	}
}

// BenchmarkTracing sends a GET to Gateways that record nothing, no request, or all of them.
func BenchmarkTracing(b *testing.B) {
	backend, collector := benchBackend(b, config.BackendHTTP), otlptest.New(b)
	for name, sampling := range map[string]*config.Fraction{
		"off": nil, "none": {Numerator: 0, Denominator: 1}, "all": {Numerator: 1, Denominator: 1},
	} {
		b.Run(name, func(b *testing.B) {
			cfg := oneBackend(backend, config.BackendHTTP)
			if sampling != nil {
				cfg.Gateways[0].Tracing = &config.Tracing{Endpoint: collector.HTTP, Sampling: sampling}
			}
			client := newBenchClient(b, newGateway(b, cfg).Address, benchGet)
			client.do(b)
			b.ReportAllocs()
			for b.Loop() {
				client.do(b)
			}
		})
	}
}

// BenchmarkDownload moves a large body.
func BenchmarkDownload(b *testing.B) {
	body := bytes.Repeat([]byte("x"), 8<<20)
	app := serveFunc(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "8388608")
		w.Write(body)
	})
	gw := newGateway(b, oneBackend(app, config.BackendHTTP))
	client := newClient(b)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		resp, err := client.Get(gw.URL)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}
