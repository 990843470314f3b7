// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"go.uber.org/goleak"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// target is a backend that gets copies, and the numbers about it.
type target struct {
	backend *upstream.Backend
	counted *metrics.Backend
	all     *metrics.Metrics
}

func newTarget(t testing.TB, protocol config.BackendProtocol, endpoints ...config.Endpoint) *target {
	t.Helper()
	registry, all := upstream.NewRegistry(), metrics.New()
	set := all.NewSet()
	spec := upstream.Spec{ID: "mirror", Protocol: protocol}
	to := &target{counted: set.Backend("mirror"), all: all}
	all.Use(set)
	var err error
	if to.backend, err = registry.Get(&spec, to.counted); err != nil {
		t.Fatal(err)
	}
	to.backend.SetEndpoints(endpoints)
	registry.Use(map[upstream.Key]*upstream.Backend{spec.Key(): to.backend})
	t.Cleanup(registry.Close)
	return to
}

// listening starts a server that speaks HTTP/1.1 and h2c.
func listening(t testing.TB, h http.HandlerFunc) config.Endpoint {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return config.Endpoint{Address: s.Listener.Addr().String()}
}

func (to *target) copy(method string) *Copy {
	return &Copy{
		Backend: to.backend, Metrics: to.counted,
		Method: method, Target: "/a?b=c", Host: "app.example.com", Header: http.Header{},
	}
}

// await waits until as many copies have come to this.
func (to *target) await(t testing.TB, outcome string, want int) {
	t.Helper()
	line := `outcome="` + outcome + `"} `
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		text, err := testutil.CollectAndFormat(to.all, expfmt.TypeTextPlain, "kubera_proxy_mirrored_requests_total")
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		if _, rest, ok := bytes.Cut(text, []byte(line)); ok {
			for _, digit := range rest {
				if digit < '0' || digit > '9' {
					break
				}
				got = 10*got + int(digit-'0')
			}
		}
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d copies came to %s, want %d:\n%s", got, outcome, want, text)
		}
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2} {
		got := make(chan map[string]string, 1)
		to := newTarget(t, protocol, listening(t, func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			got <- map[string]string{
				"method": r.Method, "target": r.RequestURI, "host": r.Host, "a": r.Header.Get("A"),
				"expect": r.Header.Get("Expect"), "body": string(body), "trailer": r.Trailer.Get("X-Sum"),
			}
		}))
		s := newSender(t)
		want := map[string]string{"method": "POST", "target": "/a?b=c", "host": "app.example.com", "a": "1", "expect": "", "body": "", "trailer": ""}
		for _, body := range []string{"", "hello", strings.Repeat("long", 100_000)} {
			for _, length := range []int{-1, len(body)} {
				c := to.copy(http.MethodPost)
				c.Header = http.Header{"A": {"1"}, "Expect": {"100-continue"}}
				want["body"], want["trailer"] = body, ""
				trailer := http.Header{}
				if length < 0 {
					trailer["X-Sum"], want["trailer"] = []string{"sum"}, "sum"
				}
				tee := NewTee(strings.NewReader(body), int64(length), &trailer)
				c.Body, c.ContentLength = tee.Body(s), int64(length)
				s.Send(c)
				if _, err := io.Copy(io.Discard, tee); err != nil {
					t.Fatal(err)
				}
				tee.Close()
				if diff := cmp.Diff(want, <-got); diff != "" {
					t.Errorf("%s, %d of %d bytes (-want +got):\n%.2000s", protocol, length, len(body), diff)
				}
			}
		}
		to.await(t, "ok", 6)
	}
}

// TestOneEndpoint: "Mirrored requests must be sent only to a single destination
// endpoint within this BackendRef" (HTTPRequestMirrorFilter.backendRef).
func TestOneEndpoint(t *testing.T) {
	t.Parallel()
	var seen atomic.Int32
	count := func(http.ResponseWriter, *http.Request) { seen.Add(1) }
	to := newTarget(t, "", listening(t, count), listening(t, count), listening(t, count))
	s := newSender(t)
	for n := range 20 {
		s.Send(to.copy(http.MethodGet))
		to.await(t, "ok", n+1)
	}
	if n := seen.Load(); n != 20 {
		t.Errorf("20 copies came to %d requests", n)
	}
}

// TestOutcomes are those of backends that are no good.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, tc := range map[string]struct {
		endpoints []config.Endpoint
		want      string
	}{
		"no endpoints": {nil, "error"},
		"dead":         {[]config.Endpoint{{Address: closedPort(t)}}, "error"},
		"silent":       {[]config.Endpoint{listening(t, hang)}, "timeout"},
		"stuck": {[]config.Endpoint{listening(t, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "begin")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})}, "timeout"},
		"cut": {[]config.Endpoint{listening(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "begin")
		})}, "error"},
		"failing": {[]config.Endpoint{listening(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		})}, "ok"},
	} {
		to := newTarget(t, "", tc.endpoints...)
		s := newSender(t)
		if tc.want == "timeout" {
			s.bounds.time = 100 * time.Millisecond
		}
		s.Send(to.copy(http.MethodGet))
		t.Run(name, func(t *testing.T) { to.await(t, tc.want, 1) })
	}
}

// TestTimeoutOfBody has a request whose body does not come.
func TestTimeoutOfBody(t *testing.T) {
	t.Parallel()
	for _, length := range []int64{-1, 5} {
		to := newTarget(t, "", listening(t, func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
		s := newSender(t)
		s.bounds.time = 50 * time.Millisecond
		c := to.copy(http.MethodPost)
		c.Body, c.ContentLength = NewTee(strings.NewReader("hello"), length, &http.Header{}).Body(s), length
		s.Send(c)
		to.await(t, "timeout", 1)
	}
}

// TestBodyOfABrokenRequest is not taken for a whole one.
func TestBodyOfABrokenRequest(t *testing.T) {
	t.Parallel()
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2} {
		begun, ended := make(chan error, 1), make(chan error, 1)
		to := newTarget(t, protocol, listening(t, func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadFull(r.Body, make([]byte, 5))
			begun <- err
			_, err = io.Copy(io.Discard, r.Body)
			ended <- err
		}))
		s := newSender(t)
		tee := NewTee(strings.NewReader("hello"), -1, &http.Header{})
		c := to.copy(http.MethodPost)
		c.Body, c.ContentLength = tee.Body(s), -1
		s.Send(c)
		if _, err := io.ReadFull(tee, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		if err := <-begun; err != nil {
			t.Fatal(err)
		}
		tee.Close()
		if err := <-ended; err == nil {
			t.Errorf("%s: the copy looks complete", protocol)
		}
		to.await(t, "dropped", 1)
	}
}

// TestHugeResponse costs its connection and not more than what is read of it.
func TestHugeResponse(t *testing.T) {
	t.Parallel()
	written := make(chan int64, 1)
	to := newTarget(t, "", listening(t, func(w http.ResponseWriter, _ *http.Request) {
		var n int64
		for piece := bytes.Repeat([]byte("x"), 32<<10); ; {
			k, err := w.Write(piece)
			if n += int64(k); err != nil || n > 1<<30 {
				written <- n
				return
			}
		}
	}))
	newSender(t).Send(to.copy(http.MethodGet))
	to.await(t, "ok", 1)
	if n := <-written; n > 64<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}

// TestConnectionsAreUsedAgain after responses of a usual length.
func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 100_000))
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	to := newTarget(t, "", config.Endpoint{Address: s.Listener.Addr().String()})
	sender := newSender(t)
	for n := range 10 {
		sender.Send(to.copy(http.MethodGet))
		to.await(t, "ok", n+1)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestTooManyCopies and no more after Close, which ends those under way.
func TestTooManyCopies(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 10)
	to := newTarget(t, "", listening(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	s := newSender(t)
	s.bounds.copies = 3
	for range 10 {
		s.Send(to.copy(http.MethodGet))
	}
	to.await(t, "dropped", 7)
	for range 3 {
		<-arrived
	}
	s.Close()
	to.await(t, "dropped", 10)
	s.Send(to.copy(http.MethodGet))
	to.await(t, "dropped", 11)
}

// closedPort is an address at which nobody listens.
func closedPort(t testing.TB) string { return loopback.FreeAddress(t) }
