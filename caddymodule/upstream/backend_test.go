// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

const okResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// answerAll reads requests and answers each.
func answerAll(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		q, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		io.Copy(io.Discard, q.Body)
		io.WriteString(c, okResponse)
	}
}

// exchange sends a request and reads its response to the end.
func exchange(t testing.TB, b *Backend, q *Request) error {
	t.Helper()
	resp, err := b.Do(q)
	if err != nil {
		return err
	}
	defer resp.Close()
	_, err = readBody(resp)
	return err
}

func get(t testing.TB, b *Backend) error {
	t.Helper()
	return exchange(t, b, newRequest(t.Context(), http.MethodGet))
}

// post is a request with a body that is streamed, or small enough not to be.
func post(t testing.TB, body string) *Request {
	q := newRequest(t.Context(), http.MethodPost)
	q.Body, q.ContentLength, q.InterruptBody = strings.NewReader(body), int64(len(body)), func() {}
	return q
}

// theEndpoint is the only endpoint of a backend.
func theEndpoint(b *Backend) *Endpoint { return b.set.Load().candidates()[0] }

// awaitClosed waits until the endpoint has closed the idle connection.
func awaitClosed(t testing.TB, b *Backend) {
	t.Helper()
	e := theEndpoint(b)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		e.mu.Lock()
		if len(e.idle) != 1 {
			t.Fatalf("%d idle connections", len(e.idle))
		}
		alive, _ := e.idle[0].alive()
		e.mu.Unlock()
		if !alive {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the idle connection stays open")
		}
	}
}

func TestConnectionIsUsedAgain(t *testing.T) {
	var conns atomic.Int32
	b := newBackend(t, config.BackendHTTP, listen(t, func(_ int, c net.Conn) {
		conns.Add(1)
		answerAll(c)
	}))
	for range 5 {
		if err := get(t, b); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{0, 1, maxInline, maxInline + 1, 100_000} {
			if err := exchange(t, b, post(t, strings.Repeat("x", size))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
	if n := theEndpoint(b).inflight.Load(); n != 0 {
		t.Errorf("%d requests are still counted", n)
	}
}

// TestClosedIdleConnection has an endpoint that closes after each response
// without saying so: no request may fail for that.
func TestClosedIdleConnection(t *testing.T) {
	b := newBackend(t, config.BackendHTTP, listen(t, func(_ int, c net.Conn) {
		q, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		io.Copy(io.Discard, q.Body)
		io.WriteString(c, okResponse)
	}))
	for _, size := range []int{0, 10, 100_000} {
		if err := get(t, b); err != nil {
			t.Fatal(err)
		}
		awaitClosed(t, b)
		if err := exchange(t, b, post(t, strings.Repeat("x", size))); err != nil {
			t.Errorf("POST of %d bytes: %v", size, err)
		}
		awaitClosed(t, b)
	}
}

// TestOutOfTimeSparesIdleConnections: a request that is over before it begins
// costs the connection that it was given, and not all that are idle.
func TestOutOfTimeSparesIdleConnections(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		end  time.Time
		want Kind
	}{
		{"canceled", canceled, time.Time{}, Canceled},
		{"deadline", t.Context(), time.Now().Add(-time.Second), Timeout},
	} {
		for _, size := range []int{0, 10, maxInline + 1} {
			b := newBackend(t, config.BackendHTTP, listen(t, func(_ int, c net.Conn) { answerAll(c) }))
			var open []*Response
			for range 4 {
				resp, err := b.Do(newRequest(t.Context(), http.MethodGet))
				if err != nil {
					t.Fatal(err)
				}
				open = append(open, resp)
			}
			for _, resp := range open {
				if _, err := resp.Next(); err != nil {
					t.Fatal(err)
				}
				resp.Close()
			}
			q := bounded(tt.ctx, tt.end, post(t, strings.Repeat("x", size)))
			if err := exchange(t, b, q); err != nil {
				wantKind(t, err, tt.want)
			} // else it was faster than the cancellation
			e := theEndpoint(b)
			e.mu.Lock()
			idle := len(e.idle)
			e.mu.Unlock()
			if idle < 3 {
				t.Errorf("%s, %d bytes: %d of 4 connections are left", tt.name, size, idle)
			}
		}
	}
}

// bounded is the request, to end with the context or at the deadline.
func bounded(ctx context.Context, end time.Time, q *Request) *Request {
	q.Context, q.Deadline = ctx, end
	return q
}

// TestClosedDuringRequest has an endpoint that closes an idle connection when
// the next request has arrived: what may happen twice is sent again, and
// nothing else.
func TestClosedDuringRequest(t *testing.T) {
	for _, tt := range []struct {
		method, body string
		want         Kind // 0 for success
	}{
		{http.MethodGet, "", 0},
		{http.MethodPut, "small", 0},
		{http.MethodPut, strings.Repeat("x", maxInline+1), BadResponse},
		{http.MethodPost, "", BadResponse},
		{http.MethodPost, "small", BadResponse},
		{http.MethodPatch, strings.Repeat("x", maxInline+1), BadResponse},
	} {
		var seen atomic.Int32
		b := newBackend(t, config.BackendHTTP, listen(t, func(n int, c net.Conn) {
			r := bufio.NewReader(c)
			for i := 1; ; i++ {
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				seen.Add(1)
				if n == 1 && i == 2 {
					return
				}
				if i == 1 && n == 2 {
					io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
					io.Copy(io.Discard, r)
					return
				}
				io.WriteString(c, okResponse)
			}
		}))
		if err := get(t, b); err != nil {
			t.Fatal(err)
		}
		q := post(t, tt.body)
		q.Method = tt.method
		err := exchange(t, b, q)
		if tt.want == 0 {
			if err != nil || seen.Load() != 3 {
				t.Errorf("%s of %d bytes: %v, seen %d times", tt.method, len(tt.body), err, seen.Load()-1)
			}
			continue
		}
		wantKind(t, err, tt.want)
		if n := seen.Load(); n != 2 {
			t.Errorf("%s of %d bytes was sent %d times", tt.method, len(tt.body), n-1)
		}
	}
}

// TestNoRetryOnFreshConnection: an endpoint that takes a request and closes does
// not get it again.
func TestNoRetryOnFreshConnection(t *testing.T) {
	var seen atomic.Int32
	b := newBackend(t, config.BackendHTTP, listen(t, func(_ int, c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			seen.Add(1)
		}
	}))
	wantKind(t, get(t, b), BadResponse)
	if n := seen.Load(); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

// TestUnaskedResponse has an endpoint that says goodbye on an idle connection:
// that is no answer to the next request.
func TestUnaskedResponse(t *testing.T) {
	goodbye := make(chan struct{})
	b := newBackend(t, config.BackendHTTP, listen(t, func(_ int, c net.Conn) {
		r := bufio.NewReader(c)
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		io.WriteString(c, okResponse)
		<-goodbye
		io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
		io.Copy(io.Discard, r)
	}))
	if err := get(t, b); err != nil {
		t.Fatal(err)
	}
	close(goodbye)
	awaitClosed(t, b)
	resp, err := b.Do(newRequest(t.Context(), http.MethodPost))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Close()
	if resp.Status != http.StatusOK {
		t.Errorf("status %d", resp.Status)
	}
}

func TestAnotherEndpointIsTried(t *testing.T) {
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2} {
		live := listenHTTP(t)
		b := newBackend(t, protocol, closedPort(t), live, closedPort(t))
		for range 50 {
			if err := exchange(t, b, post(t, strings.Repeat("x", 20_000))); err != nil {
				t.Fatalf("%s: %v", protocol, err)
			}
		}
		b.SetEndpoints(endpoints(closedPort(t), closedPort(t)))
		wantKind(t, get(t, b), ConnectFailed)
		b.SetEndpoints(nil)
		wantKind(t, get(t, b), NoEndpoints)
	}
}

// TestFailingEndpointIsPassedOver counts the connects to an endpoint that is gone.
func TestFailingEndpointIsPassedOver(t *testing.T) {
	b := newBackend(t, config.BackendHTTP, closedPort(t), listenHTTP(t))
	dead := b.set.Load().ready[0]
	dead.rest.until.Store(time.Now().Add(time.Hour).UnixNano())
	for range 50 {
		if e := b.set.Load().pick(nil); e == dead {
			t.Fatal("a failing endpoint was chosen")
		}
	}
	b.SetEndpoints(endpoints(dead.address))
	if e := b.set.Load().pick(nil); e != dead {
		t.Error("an endpoint was forgotten by a change of the others")
	}
}

func TestEndpointsThatStayKeepTheirConnections(t *testing.T) {
	var conns atomic.Int32
	stays := listen(t, func(_ int, c net.Conn) {
		conns.Add(1)
		answerAll(c)
	})
	closed := make(chan struct{})
	goes := listen(t, func(_ int, c net.Conn) {
		answerAll(c)
		close(closed)
	})
	b := newBackend(t, config.BackendHTTP, goes)
	if err := get(t, b); err != nil {
		t.Fatal(err)
	}
	b.SetEndpoints(endpoints(stays))
	<-closed // the idle connection to the one that went
	for i := range 3 {
		if err := get(t, b); err != nil {
			t.Fatal(err)
		}
		list := endpoints(stays)
		list[0].Draining = i == 1
		b.SetEndpoints(list)
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections to an endpoint that stays", n)
	}
}

// TestRunningExchangeOutlivesItsEndpoint ends an exchange after its endpoint has
// gone; the connection is then closed.
func TestRunningExchangeOutlivesItsEndpoint(t *testing.T) {
	goOn, closed := make(chan struct{}), make(chan struct{})
	b := newBackend(t, config.BackendHTTP, listen(t, func(_ int, c net.Conn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, okResponse[:len(okResponse)-1])
		<-goOn
		io.WriteString(c, "k")
		io.Copy(io.Discard, c)
		close(closed)
	}))
	resp, err := b.Do(newRequest(t.Context(), http.MethodGet))
	if err != nil {
		t.Fatal(err)
	}
	b.SetEndpoints(nil)
	close(goOn)
	body, err := readBody(resp)
	if body != "ok" || err != nil {
		t.Errorf("body %q, %v", body, err)
	}
	resp.Close()
	<-closed
}

func TestCancelAndDeadline(t *testing.T) {
	b := newBackend(t, config.BackendHTTP, listen(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) }))
	ctx, cancel := context.WithCancel(t.Context())
	q := newRequest(ctx, http.MethodGet)
	time.AfterFunc(10*time.Millisecond, cancel)
	wantKind(t, exchange(t, b, q), Canceled)

	q = newRequest(t.Context(), http.MethodGet)
	q.TryTimeout = 10 * time.Millisecond
	wantKind(t, exchange(t, b, q), Timeout)

	q = newRequest(t.Context(), http.MethodGet)
	q.Deadline = time.Now().Add(10 * time.Millisecond)
	wantKind(t, exchange(t, b, q), Timeout)
	if n := theEndpoint(b).inflight.Load(); n != 0 {
		t.Errorf("%d requests are still counted", n)
	}
}

// TestTimeoutWhileConnecting: the time of a request may be over at any moment before
// there is a connection. The endpoint is not to blame, and no other is to be tried.
func TestTimeoutWhileConnecting(t *testing.T) {
	silent := listen(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) })
	b := newBackend(t, config.BackendHTTP, silent)
	for n := range 100 {
		short := time.Duration(n+1) * 5 * time.Microsecond
		q := newRequest(t.Context(), http.MethodGet)
		q.Deadline = time.Now().Add(short)
		wantKind(t, exchange(t, b, q), Timeout)
		q = newRequest(t.Context(), http.MethodGet)
		q.TryTimeout = short
		wantKind(t, exchange(t, b, q), Timeout)
		if hasFailed(theEndpoint(b)) {
			t.Fatalf("the endpoint is blamed for a request with %v", short)
		}
	}
}

func TestRequestBodyThatFails(t *testing.T) {
	b := newBackend(t, config.BackendHTTP, listen(t, func(_ int, c net.Conn) { answerAll(c) }))
	for _, length := range []int64{10, maxInline + 10, -1} {
		q := post(t, "")
		q.Body, q.ContentLength = io.MultiReader(strings.NewReader("begin"), failingReader{}), length
		wantKind(t, exchange(t, b, q), RequestBody)
	}
	for _, length := range []int64{10, maxInline + 10} {
		q := post(t, "short")
		q.ContentLength = length
		wantKind(t, exchange(t, b, q), RequestBody)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// listenHTTP is an endpoint that speaks HTTP/1.1 and h2c.
func listenHTTP(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "ok")
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(ln)
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return ln.Addr().String()
}
