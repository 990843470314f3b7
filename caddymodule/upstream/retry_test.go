// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// quick is a backoff for tests that don't look at it.
const quick = config.Duration(time.Millisecond)

// reachable is a time within which also a slow machine does what is not to be cut off
// by it. A test that waits for it runs beside others.
const reachable = 5 * time.Second

// failing is an endpoint that answers some requests with a status before it answers
// with 200.
type failing struct {
	status int
	times  int32

	mu       sync.Mutex
	received []string // method and body
}

func (f *failing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.received = append(f.received, r.Method+" "+string(body))
	n := int32(len(f.received))
	f.mu.Unlock()
	if n <= f.times {
		w.Header().Set("X-Failed", "yes")
		w.WriteHeader(f.status)
	}
	fmt.Fprintf(w, "answer %d", n)
}

func (f *failing) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.received)
}

// serving starts a server that speaks HTTP/1.1 and h2c.
func serving(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

var bothProtocols = []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2}

// TestRetryOfStatuses quotes HTTPRouteRetry: "the maximum number of times an
// individual request from the gateway to a backend should be retried".
func TestRetryOfStatuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, body string
		status       int
		failures     int32
		want         string
	}{
		"recovers":     {http.MethodGet, "", 500, 3, "200 answer 4"},
		"502":          {http.MethodHead, "", 502, 3, "200 "},
		"503":          {http.MethodOptions, "", 503, 2, "200 answer 3"},
		"504":          {http.MethodDelete, "", 504, 1, "200 answer 2"},
		"with a body":  {http.MethodPut, "hello", 500, 3, "200 answer 4"},
		"does not":     {http.MethodGet, "", 500, 4, "500 answer 4"},
		"other status": {http.MethodGet, "", 501, 1, "501 answer 1"},
		"POST":         {http.MethodPost, "hello", 503, 1, "503 answer 1"},
		"PATCH":        {http.MethodPatch, "", 503, 1, "503 answer 1"},
		"long body":    {http.MethodPut, strings.Repeat("x", maxInline+1), 503, 1, "503 answer 1"},
	} {
		for _, protocol := range bothProtocols {
			t.Run(name+" "+string(protocol), func(t *testing.T) {
				t.Parallel()
				app := &failing{status: tc.status, times: tc.failures}
				b := newBackend(t, protocol, serving(t, app))
				q := post(t, tc.body)
				if tc.body == "" {
					q = newRequest(t.Context(), tc.method)
				}
				q.Method = tc.method
				q.Retry = &config.Retry{Attempts: 3, Codes: []int{500, 502, 503, 504}, Backoff: quick}
				resp, err := b.Do(q)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Close()
				body, err := readBody(resp)
				if got := fmt.Sprint(resp.Status, " ", body); err != nil || got != tc.want {
					t.Errorf("%s, %v; want %s", got, err, tc.want)
				}
				if resp.Status == http.StatusOK && resp.Header["X-Failed"] != nil {
					t.Errorf("the header of a response before is left: %v", resp.Header)
				}
				for i, got := range app.received {
					if got != tc.method+" "+tc.body {
						t.Errorf("request %d: %.100s", i, got)
					}
				}
			})
		}
	}
}

// TestRetryOfConnections: "Implementations SHOULD retry on connection errors
// (disconnect, reset, timeout, TCP failure) if a retry stanza is configured."
func TestRetryOfConnections(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method string
		fail   func(net.Conn)
		want   Kind // 0 for success at the second try
	}{
		"disconnect": {http.MethodGet, func(net.Conn) {}, 0},
		"reset":      {http.MethodPut, func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }, 0},
		"timeout":    {http.MethodGet, func(c net.Conn) { io.Copy(io.Discard, c) }, 0},
		// It may have been processed.
		"POST": {http.MethodPost, func(net.Conn) {}, BadResponse},
		// Something of a response has come.
		"begun":    {http.MethodGet, func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nA: b\r\n") }, BadResponse},
		"nonsense": {http.MethodGet, func(c net.Conn) { io.WriteString(c, "nonsense\r\n\r\n") }, BadResponse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen atomic.Int32
			b := newBackend(t, config.BackendHTTP, listen(t, func(n int, c net.Conn) {
				seen.Store(int32(n))
				if n > 1 {
					answerAll(c)
					return
				}
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				tc.fail(c)
			}))
			q := newRequest(t.Context(), tc.method)
			q.Retry = &config.Retry{Attempts: 1, Backoff: quick}
			if name == "timeout" {
				q.TryTimeout = reachable
			}
			err := exchange(t, b, q)
			switch n := seen.Load(); {
			case tc.want != 0:
				wantKind(t, err, tc.want)
				if n != 1 {
					t.Errorf("%d connections", n)
				}
			case err != nil || n != 2:
				t.Errorf("%v after %d connections", err, n)
			}
		})
	}
}

// TestRetryAtAnotherEndpoint has endpoints that can't be connected to and one that
// can. Nothing is lost where nothing was sent, whatever the method and the body.
func TestRetryAtAnotherEndpoint(t *testing.T) {
	t.Parallel()
	for _, protocol := range bothProtocols {
		for _, body := range []string{"", "small", strings.Repeat("x", 100_000)} {
			app := &failing{}
			b := newBackend(t, protocol, closedPort(t), closedPort(t), closedPort(t), closedPort(t), closedPort(t), serving(t, app))
			for range 20 {
				for _, e := range b.set.Load().ready {
					e.rest.succeeded()
				}
				q := post(t, body)
				q.Retry = &config.Retry{Attempts: 100}
				if err := exchange(t, b, q); err != nil {
					t.Fatalf("%s, %d bytes: %v", protocol, len(body), err)
				}
			}
			if n := app.count(); n != 20 {
				t.Errorf("%s, %d bytes: 20 requests came to %d", protocol, len(body), n)
			}
		}
	}
}

// TestRetryPrefersOtherEndpoints also after responses, and takes all in turn.
func TestRetryPrefersOtherEndpoints(t *testing.T) {
	t.Parallel()
	apps := []*failing{{status: 503, times: 100}, {status: 503, times: 100}, {status: 503, times: 100}}
	var addresses []string
	for _, app := range apps {
		addresses = append(addresses, serving(t, app))
	}
	b := newBackend(t, config.BackendHTTP, addresses...)
	for range 10 {
		q := newRequest(t.Context(), http.MethodGet)
		q.Retry = &config.Retry{Attempts: 2, Codes: []int{503}, Backoff: quick}
		if err := exchange(t, b, q); err != nil {
			t.Fatal(err)
		}
	}
	for i, app := range apps {
		if n := app.count(); n != 10 {
			t.Errorf("endpoint %d got %d of 30 tries", i, n)
		}
	}
}

// TestNoAttempts sends a request once, but where nothing can have come of it: an idle
// connection that was closed.
func TestNoAttempts(t *testing.T) {
	t.Parallel()
	never := &config.Retry{Attempts: 0, Codes: []int{503}}

	dead, alive := newBackend(t, "", closedPort(t), closedPort(t)), &failing{status: 503, times: 1}
	q := newRequest(t.Context(), http.MethodGet)
	q.Retry = never
	wantKind(t, exchange(t, dead, q), ConnectFailed)
	tried := 0
	for _, e := range dead.set.Load().ready {
		if hasFailed(e) {
			tried++
		}
	}
	if tried != 1 {
		t.Errorf("%d endpoints were tried", tried)
	}

	q = newRequest(t.Context(), http.MethodGet)
	q.Retry = never
	if err := exchange(t, newBackend(t, "", serving(t, alive)), q); err != nil || alive.count() != 1 {
		t.Errorf("%v after %d requests", err, alive.count())
	}

	closes := newBackend(t, "", listen(t, func(_ int, c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.WriteString(c, okResponse)
		}
	}))
	for range 3 {
		q := newRequest(t.Context(), http.MethodPost)
		q.Retry = never
		if err := exchange(t, closes, q); err != nil {
			t.Fatal(err)
		}
		awaitClosed(t, closes)
	}

	// One that closes when the request is there may have processed it.
	var seen atomic.Int32
	takes := newBackend(t, "", listen(t, func(_ int, c net.Conn) {
		r := bufio.NewReader(c)
		for i := range 2 {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			seen.Add(1)
			if i == 0 {
				io.WriteString(c, okResponse)
			}
		}
	}))
	for _, want := range []Kind{0, BadResponse} {
		q := newRequest(t.Context(), http.MethodGet)
		q.Retry = never
		if err := exchange(t, takes, q); want == 0 && err != nil {
			t.Fatal(err)
		} else if want != 0 {
			wantKind(t, err, want)
		}
	}
	if n := seen.Load(); n != 2 {
		t.Errorf("2 requests were sent %d times", n)
	}
}

// TestRetryOnlyInTime: "If any retry attempts are still in progress when the Request
// timeout duration has been reached, [...] the Gateway MUST immediately return a
// timeout error." So it does where the next one would be too late.
func TestRetryOnlyInTime(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	slow := newBackend(t, "", serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			<-r.Context().Done()
		}
		w.WriteHeader(http.StatusInternalServerError)
	})))
	q := newRequest(t.Context(), http.MethodGet)
	q.Retry = &config.Retry{Attempts: 5, Codes: []int{500}, Backoff: quick}
	q.Deadline = time.Now().Add(300 * time.Millisecond)
	err := exchange(t, slow, q)
	wantKind(t, err, Timeout)
	if late := time.Since(q.Deadline); late < 0 || late > 5*time.Second {
		t.Errorf("%v after the deadline", late)
	}

	app := &failing{status: 503, times: 100}
	q = newRequest(t.Context(), http.MethodGet)
	q.Retry = &config.Retry{Attempts: 5, Codes: []int{503}, Backoff: config.Duration(time.Hour)}
	q.Deadline = time.Now().Add(reachable)
	wantKind(t, exchange(t, newBackend(t, "", serving(t, app)), q), Timeout)
	if late := time.Since(q.Deadline); late < 0 || late > 5*time.Second || app.count() != 1 {
		t.Errorf("%v after the deadline, %d requests", late, app.count())
	}
}

// TestRetryEndsWithItsClient while it waits.
func TestRetryEndsWithItsClient(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	b := newBackend(t, "", serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		time.AfterFunc(20*time.Millisecond, cancel)
	})))
	q := newRequest(ctx, http.MethodGet)
	q.Retry = &config.Retry{Attempts: 5, Codes: []int{503}, Backoff: config.Duration(time.Hour)}
	wantKind(t, exchange(t, b, q), Canceled)
}

// TestRetryAfterInterim: once something was passed on, there is no going back.
func TestRetryAfterInterim(t *testing.T) {
	t.Parallel()
	for _, protocol := range bothProtocols {
		app := &failing{status: 503, times: 1}
		b := newBackend(t, protocol, serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			app.ServeHTTP(w, r)
		})))
		for _, passes := range []bool{true, false} {
			app.received = nil
			q := newRequest(t.Context(), http.MethodGet)
			q.Retry = &config.Retry{Attempts: 1, Codes: []int{503}, Backoff: quick}
			want := 2
			if passes {
				q.Interim, want = func(int) {}, 1
			}
			if err := exchange(t, b, q); err != nil || app.count() != want {
				t.Errorf("%s, 1xx passed on %v: %v after %d requests, want %d", protocol, passes, err, app.count(), want)
			}
		}
	}
}

// TestRetryKeepsConnections that have a short response left, however it is framed,
// and no others.
func TestRetryKeepsConnections(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		response string
		want     int32
	}{
		"empty":       {"Content-Length: 0\r\n\r\n", 1},
		"short":       {"Content-Length: 5\r\n\r\nhello", 1},
		"chunked":     {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 1},
		"long":        {"Content-Length: 10000000\r\n\r\nhello", 2},
		"stuck":       {"Content-Length: 10\r\n\r\nhello", 2},
		"to its end":  {"\r\nhello", 2},
		"says it":     {"Connection: close\r\nContent-Length: 5\r\n\r\nhello", 2},
		"no end":      {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 2},
		"broken":      {"Transfer-Encoding: chunked\r\n\r\nx\r\n", 2},
		"not modifed": {"Content-Length: 5\r\nETag: a\r\n\r\nhello", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var connections, requests atomic.Int32
			b := newBackend(t, config.BackendHTTP, listen(t, func(n int, c net.Conn) {
				connections.Store(int32(n))
				for r := bufio.NewReader(c); ; {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					if requests.Add(1) > 1 {
						io.WriteString(c, okResponse)
						continue
					}
					head, body, _ := strings.Cut(tc.response, "\r\n\r\n")
					io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\n"+head+"\r\n\r\n")
					io.WriteString(c, body) // in a segment of its own
				}
			}))
			q := newRequest(t.Context(), http.MethodGet)
			q.Retry = &config.Retry{Attempts: 1, Codes: []int{503}, Backoff: config.Duration(reachable)}
			if err := exchange(t, b, q); err != nil {
				t.Fatal(err)
			}
			if n := connections.Load(); n != tc.want {
				t.Errorf("%d connections, want %d", n, tc.want)
			}
			e := theEndpoint(b)
			if n := e.inflight.Load(); n != 0 {
				t.Errorf("%d requests are still counted", n)
			}
			// The deadline for what was left, which has passed, does not outlive it.
			if err := get(t, b); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestBackoff: "as long as unsuccessful backend requests are not retried before the
// configured minimum duration".
func TestBackoff(t *testing.T) {
	t.Parallel()
	for least, want := range map[time.Duration][]time.Duration{
		0:                      {25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond},
		400 * time.Millisecond: {400 * time.Millisecond, 800 * time.Millisecond, time.Second, time.Second},
		time.Hour:              {time.Hour, time.Hour, time.Hour},
		1<<63 - 1:              nil,
	} {
		r := &config.Retry{Backoff: config.Duration(min(least, 1000*time.Hour))}
		for range 100 {
			for i, want := range want {
				if got := backoff(r, i+1); got < want || got > want+want/4 {
					t.Errorf("backoff %v, try %d: %v, want from %v on", least, i+1, got, want)
				}
			}
		}
	}

	var times []time.Time
	b := newBackend(t, "", serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		times = append(times, time.Now())
		w.WriteHeader(http.StatusServiceUnavailable)
	})))
	q := newRequest(t.Context(), http.MethodGet)
	q.Retry = &config.Retry{Attempts: 2, Codes: []int{503}, Backoff: config.Duration(30 * time.Millisecond)}
	if err := exchange(t, b, q); err != nil {
		t.Fatal(err)
	}
	if len(times) != 3 || times[1].Sub(times[0]) < 30*time.Millisecond || times[2].Sub(times[1]) < 60*time.Millisecond {
		t.Errorf("tries at %v", times)
	}

	// "the Gateway should wait for at least the specified backoff duration before
	// attempting to retry the backend request again", also after a try that ran out of time.
	stuck := newBackend(t, "", serving(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })))
	q = newRequest(t.Context(), http.MethodGet)
	q.Retry = &config.Retry{Attempts: 1, Backoff: config.Duration(50 * time.Millisecond)}
	q.TryTimeout = 20 * time.Millisecond
	begin := time.Now()
	wantKind(t, exchange(t, stuck, q), Timeout)
	if took := time.Since(begin); took < 90*time.Millisecond {
		t.Errorf("two tries of 20ms each with 50ms between them took %v", took)
	}
}

// TestRetriesAreCounted each as one try.
func TestRetriesAreCounted(t *testing.T) {
	t.Parallel()
	for _, protocol := range bothProtocols {
		all, b := newCounted(t, protocol, serving(t, &failing{status: 503, times: 2}))
		for range 2 {
			q := newRequest(t.Context(), http.MethodGet)
			q.Retry = &config.Retry{Attempts: 1, Codes: []int{503}, Backoff: quick}
			if err := exchange(t, b, q); err != nil {
				t.Fatal(err)
			}
		}
		dead := newRequest(t.Context(), http.MethodGet)
		dead.Retry = &config.Retry{Attempts: 3, Backoff: quick}
		b.SetEndpoints(endpoints(closedPort(t), closedPort(t)))
		wantKind(t, exchange(t, b, dead), ConnectFailed)
		late := newRequest(t.Context(), http.MethodGet)
		late.Retry, late.Deadline = dead.Retry, time.Now().Add(50*time.Millisecond)
		b.SetEndpoints(endpoints(listen(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) })))
		wantKind(t, exchange(t, b, late), Timeout)
		want := map[string]float64{"ok": 2, "error": 1, "timeout": 1, "canceled": 0, "retried": 1 + 3}
		if diff := cmp.Diff(want, tries(t, all)); diff != "" {
			t.Errorf("%s: tries (-want +got):\n%s", protocol, diff)
		}
	}
}
