// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func mirrorTo(id string) config.Filter { return config.Filter{Mirror: &config.Mirror{Backend: id}} }

func setRequestHeader(name, value string) config.Filter {
	return config.Filter{RequestHeaders: &config.HeaderModifier{Set: []config.Header{{Name: name, Value: value}}}}
}

func rewriteTo(path string) config.Filter {
	return config.Filter{Rewrite: &config.Rewrite{Hostname: "rewritten.example", Path: &config.PathModifier{ReplaceFull: &path}}}
}

// recorder is a backend that tells what it has received.
type recorder struct {
	address string
	seen    chan string
}

func newRecorder(t testing.TB) *recorder {
	t.Helper()
	r := &recorder{seen: make(chan string, 1000)}
	r.address = serveFunc(t, func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return // cut
		}
		r.seen <- fmt.Sprintf("%s %s %s a=%s %s", q.Method, q.Host, q.RequestURI, q.Header.Get("A"), body)
		w.Header().Set("X-From", "mirror")
		w.WriteHeader(http.StatusTeapot)
	})
	return r
}

// TestMirrorCopiesWhatFiltersHaveMade also of filters that run later, which it does
// not see, and in all ways that a body can come.
func TestMirrorCopiesWhatFiltersHaveMade(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		app, first, second, third := newRecorder(t), newRecorder(t), newRecorder(t), newRecorder(t)
		gw := newGateway(t, oneRule(config.Rule{
			Filters: []config.Filter{mirrorTo("first"), setRequestHeader("A", "1"), mirrorTo("second"), rewriteTo("/new")},
			Backends: []config.WeightedBackend{{
				Backend: "app", Weight: 1, Filters: []config.Filter{mirrorTo("third"), setRequestHeader("A", "2")},
			}},
		}, backendAt("app", app.address, protocol), backendAt("first", first.address, protocol),
			backendAt("second", second.address, ""), backendAt("third", third.address, config.BackendHTTP2)))
		for _, size := range []int{0, 5, 8 << 10, 8<<10 + 1, 300_000} {
			text := bigText(size)
			for _, body := range []io.Reader{strings.NewReader(text), io.MultiReader(strings.NewReader(text))} {
				r := newRequest(t, http.MethodPost, gw.URL+"/a%2Fb//c?q=%20", body)
				r.Host = "app.example"
				r.Header.Set("A", "0")
				if got := do(t, client, r); got.StatusCode != http.StatusTeapot || got.Header.Get("X-From") == "" {
					t.Errorf("%d bytes: the client received %s", size, got.Status)
				}
				for who, want := range map[*recorder]string{
					first:  "POST app.example /a%2Fb//c?q=%20 a=0 " + text,
					second: "POST app.example /a%2Fb//c?q=%20 a=1 " + text,
					third:  "POST rewritten.example /new?q=%20 a=1 " + text,
					app:    "POST rewritten.example /new?q=%20 a=2 " + text,
				} {
					if diff := cmp.Diff(want, <-who.seen); diff != "" {
						t.Errorf("%d bytes (%T) (-want +got):\n%.500s", size, body, diff)
					}
				}
			}
		}
	})
}

// TestMirrorDoesNotHarm has mirrors that do what they should not.
func TestMirrorDoesNotHarm(t *testing.T) {
	hang := make(chan struct{})
	mirrors := map[string]string{
		"dead":        deadAddress(t),
		"hangs":       serveFunc(t, func(http.ResponseWriter, *http.Request) { <-hang }),
		"never reads": rawBackend(t, func(net.Conn) { <-hang }),
		"closes":      rawBackend(t, func(net.Conn) {}),
		"nonsense": rawBackend(t, func(c net.Conn) {
			io.WriteString(c, "nonsense\r\n\r\n")
		}),
		"huge": serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			for piece := make([]byte, 32<<10); ; {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		}),
	}
	t.Cleanup(func() { close(hang) })
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	})
	var filters []config.Filter
	backends := []config.Backend{backendAt("app", app, ""), {ID: "empty"}}
	for name, address := range mirrors {
		filters = append(filters, mirrorTo(name))
		backends = append(backends, backendAt(name, address, ""))
	}
	gw := newGateway(t, oneRule(config.Rule{Filters: append(filters, mirrorTo("empty")), Backends: to("app")}, backends...))
	for _, change := range [][]func(*http.Transport){nil, {overH2C}} {
		client := newClient(t, change...)
		for _, size := range []int{0, 5, 100_000, 10 << 20} {
			text := bigText(size)
			got := do(t, client, newRequest(t, http.MethodPost, gw.URL, io.MultiReader(strings.NewReader(text))))
			if got.StatusCode != http.StatusOK || got.body != text {
				t.Errorf("%d bytes: %s with %d bytes", size, got.Status, len(got.body))
			}
		}
	}
}

// TestMirrorOfStream gets what the client has sent while the request goes on.
func TestMirrorOfStream(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	next := make(chan string)
	copied := serveFunc(t, func(_ http.ResponseWriter, r *http.Request) {
		for buf := make([]byte, 3); ; {
			if _, err := io.ReadFull(r.Body, buf); err != nil {
				return
			}
			next <- string(buf)
		}
	})
	gw := newGateway(t, oneRule(config.Rule{Filters: []config.Filter{mirrorTo("copied")}, Backends: to("app")},
		backendAt("app", app, ""), backendAt("copied", copied, "")))
	body, feed := io.Pipe()
	done := make(chan answer)
	go func() { done <- do(t, newClient(t), newRequest(t, http.MethodPost, gw.URL, body)) }()
	for _, text := range []string{"one", "two", "six"} {
		io.WriteString(feed, text)
		if got := <-next; got != text {
			t.Errorf("the mirror received %q, want %q", got, text)
		}
	}
	feed.Close()
	if got := <-done; got.StatusCode != http.StatusOK {
		t.Error(got.Status)
	}
}

// TestNotMirrored are requests that no backend gets, and those for another protocol.
func TestNotMirrored(t *testing.T) {
	app, copied := newRecorder(t), newRecorder(t)
	upgrade := rawBackend(t, func(c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		io.Copy(c, c)
	})
	at := func(path string, backends []config.WeightedBackend, filters ...config.Filter) config.Rule {
		return config.Rule{
			Matches: []config.Match{{Path: &config.PathMatch{Type: config.Exact, Value: path}}},
			Filters: filters, Backends: backends,
		}
	}
	cfg := oneRule(at("/mirrored", to("app"), mirrorTo("copied")),
		backendAt("app", app.address, ""), backendAt("copied", copied.address, ""), backendAt("upgrade", upgrade, ""))
	cfg.Routes[0].Rules = append(cfg.Routes[0].Rules,
		at("/answered", to("app"), mirrorTo("copied"), config.Filter{StaticResponse: &config.StaticResponse{Status: 204}}),
		at("/refused", to("app"), mirrorTo("copied"), config.Filter{AccessControl: &config.AccessControl{Deny: []string{"0.0.0.0/0"}}}),
		at("/no-backend", nil, mirrorTo("copied")),
		at("/none", to("app"), config.Filter{Mirror: &config.Mirror{Backend: "copied", Denominator: 100}}),
		at("/other-share", []config.WeightedBackend{
			{Backend: "app", Weight: 1}, {Backend: "app", Weight: 0, Filters: []config.Filter{mirrorTo("copied")}},
		}),
		at("/upgrade", to("upgrade"), mirrorTo("copied")),
	)
	cfg.Gateways[0].Limits = &config.Limits{MaxRequestBodyBytes: 10}
	gw, _, numbers := newReporting(t, cfg)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(numbers)
	client := newClient(t)
	for path, want := range map[string]int{
		"/answered": 204, "/refused": 403, "/no-backend": 500, "/none": http.StatusTeapot, "/other-share": http.StatusTeapot,
	} {
		if got := get(t, client, gw.URL+path); got.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, got.Status, want)
		}
	}
	if got := do(t, client, newRequest(t, http.MethodPost, gw.URL+"/mirrored", strings.NewReader("longer than allowed"))); got.StatusCode != 413 {
		t.Errorf("a body that is too long: %s", got.Status)
	}
	c := connect(t, gw.Address)
	send(t, c, "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	expect(t, c, "HTTP/1.1 101 ")
	send(t, c, "hello")
	readUntil(t, c, "hello")
	c.Close()

	get(t, client, gw.URL+"/mirrored?last")
	if got := <-copied.seen; !strings.HasPrefix(got, "GET "+gw.Address+" /mirrored?last ") {
		t.Errorf("the mirror received %q", got)
	}
	awaitSeries(t, registry, "kubera_proxy_mirrored_requests_total backend=copied outcome=ok", 1)
	gw.engine.Close() // no copy is under way any more
	for outcome, want := range map[string]float64{"ok": 1, "error": 0, "timeout": 0, "dropped": 0} {
		awaitSeries(t, registry, "kubera_proxy_mirrored_requests_total backend=copied outcome="+outcome, want)
	}
}

// TestMirrorShares sends 500 requests of ten clients, as the conformance suite does:
// no copy may be lost at that load.
func TestMirrorShares(t *testing.T) {
	for _, tc := range []struct {
		mirror config.Mirror
		want   int
	}{
		{config.Mirror{Numerator: 20, Denominator: 100}, 100},
		{config.Mirror{Numerator: 25, Denominator: 50}, 250},
		{config.Mirror{Numerator: 35, Denominator: 100}, 175},
		{config.Mirror{Numerator: 1, Denominator: 1}, 500},
		{config.Mirror{}, 500},
	} {
		app := serveFunc(t, func(http.ResponseWriter, *http.Request) {})
		tc.mirror.Backend = "copied"
		copied := newRecorder(t)
		cfg := oneRule(config.Rule{Filters: []config.Filter{{Mirror: &tc.mirror}}, Backends: to("app")},
			backendAt("app", app, ""), backendAt("copied", copied.address, ""))
		gw, lines, numbers := newReporting(t, cfg)
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(numbers)
		client := newClient(t, func(tr *http.Transport) { tr.MaxIdleConnsPerHost = 10 })
		var clients sync.WaitGroup
		for range 10 {
			clients.Go(func() {
				for range 50 {
					resp, err := client.Do(newRequest(t, http.MethodGet, gw.URL, nil))
					if err != nil {
						t.Error(err)
						return
					}
					resp.Body.Close()
				}
			})
		}
		for range 500 {
			if line := <-lines; line["backend"] != "app" {
				t.Errorf("the access log has %v", line)
			}
		}
		clients.Wait()
		awaitSeries(t, registry, "kubera_proxy_mirrored_requests_total backend=copied outcome=ok", float64(tc.want))
		awaitSeries(t, registry, "kubera_proxy_mirrored_requests_total backend=copied outcome=dropped", 0)
		if got := len(copied.seen); got != tc.want {
			t.Errorf("%d/%d: %d of 500, want %d", tc.mirror.Numerator, tc.mirror.Denominator, got, tc.want)
		}
	}
}

// TestMirrorOutlivesItsTable goes on when the configuration that asked for it is gone.
func TestMirrorOutlivesItsTable(t *testing.T) {
	app := serveFunc(t, func(http.ResponseWriter, *http.Request) {})
	arrived, finish, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	copied := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-finish
		io.WriteString(w, "hello")
		ended <- r.Context().Err()
	})
	gw, _, numbers := newReporting(t, oneRule(config.Rule{Filters: []config.Filter{mirrorTo("copied")}, Backends: to("app")},
		backendAt("app", app, ""), backendAt("copied", copied, "")))
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(numbers)
	get(t, newClient(t), gw.URL)
	<-arrived
	gw.apply(t, oneRule(config.Rule{Backends: to("app")}, backendAt("app", app, ""), backendAt("copied", app, "")))
	close(finish)
	if err := <-ended; err != nil {
		t.Errorf("the copy was cut: %v", err)
	}
	awaitSeries(t, registry, "kubera_proxy_mirrored_requests_total backend=copied outcome=ok", 1)
}

// TestCloseCutsMirrors also those that would never end.
func TestCloseCutsMirrors(t *testing.T) {
	app := serveFunc(t, func(http.ResponseWriter, *http.Request) {})
	arrived, left := make(chan struct{}), make(chan struct{})
	copied := serveFunc(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(left)
	})
	gw := newGateway(t, oneRule(config.Rule{Filters: []config.Filter{mirrorTo("copied")}, Backends: to("app")},
		backendAt("app", app, ""), backendAt("copied", copied, "")))
	get(t, newClient(t), gw.URL)
	<-arrived
	begin := time.Now()
	gw.engine.Close()
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("Close has waited for %v", took)
	}
	<-left
}

func TestCompileRefusesMirrorToNowhere(t *testing.T) {
	engine := New(Options{})
	t.Cleanup(engine.Close)
	for want, rule := range map[string]config.Rule{
		`HTTPRoute/test/web: rules[0].filters[1].mirror.backend: there is no backend "gone"`: {
			Filters: []config.Filter{setRequestHeader("A", "1"), mirrorTo("gone")},
		},
		`HTTPRoute/test/web: rules[0].backends[0].filters[0].mirror.backend: there is no backend "gone"`: {
			Backends: []config.WeightedBackend{{Filters: []config.Filter{mirrorTo("gone")}}},
		},
	} {
		if _, err := engine.Compile(oneRule(rule)); fmt.Sprint(err) != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
