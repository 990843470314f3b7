// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kubera-dev/kubera/test/loopback"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start begins a load of a few milliseconds a request.
func start(t *testing.T, o Options) *Load {
	t.Helper()
	o.Rate, o.Connections, o.NewRate = 400, 4, 100
	l, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Stop() })
	return l
}

// until waits for a Report.
func until(t *testing.T, l *Load, what string, is func(Report) bool) Report {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		r := l.Report()
		if is(r) {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s: %s", what, r)
		}
	}
}

func TestAnsweredRequestsAreNoFailures(t *testing.T) {
	var conns, kept atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.Close {
			kept.Add(1)
		}
		fmt.Fprintln(w, "hello")
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	l := start(t, Options{URL: server.URL})
	until(t, l, "both ways are used", func(r Report) bool { return kept.Load() > 100 && r.Connections > 20 })
	r := l.Stop()
	if len(r.Failures) > 0 || r.InFlight != 0 || r.Slowest <= 0 || r.Pause <= 0 {
		t.Errorf("got %s", r)
	}
	if own := int64(r.Answered) - kept.Load(); conns.Load() != 4+own || int64(r.Connections) != conns.Load() {
		t.Errorf("%d connections and %d requests on their own: %s", conns.Load(), own, r)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	l := start(t, Options{URL: server.URL, TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"}})
	until(t, l, "requests are answered", func(r Report) bool { return r.Count(Status) > 20 })
	if r := l.Stop(); r.Count() != r.Count(Status) {
		t.Errorf("got %s", r)
	}
	l = start(t, Options{URL: server.URL, TLS: &tls.Config{ServerName: "example.com"}})
	until(t, l, "a certificate that is not trusted", func(r Report) bool { return r.Count(Handshake) > 20 })
	if r := l.Stop(); r.Count() != r.Count(Handshake) || r.Answered > 0 {
		t.Errorf("got %s", r)
	}
}

// raw serves each connection by f.
func raw(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				f(conn)
			}()
		}
	}()
	return "http://" + ln.Addr().String()
}

// request reads one.
func request(conn net.Conn) bool {
	_, err := http.ReadRequest(bufio.NewReader(conn))
	return err == nil
}

func TestKindsOfFailures(t *testing.T) {
	refused := "http://" + loopback.FreeAddress(t)
	for name, tc := range map[string]struct {
		url  string
		kind Kind
	}{
		"nobody there": {refused, Refused},
		"no response":  {raw(t, func(c net.Conn) { request(c) }), Broken},
		"reset": {raw(t, func(c net.Conn) {
			request(c)
			_ = c.(*net.TCPConn).SetLinger(0)
		}), Broken},
		"half a body": {raw(t, func(c net.Conn) {
			request(c)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
		}), Broken},
		"no HTTP": {raw(t, func(c net.Conn) {
			request(c)
			fmt.Fprint(c, "220 mail.example.com\r\n\r\n")
		}), Malformed},
		"unavailable": {raw(t, func(c net.Conn) {
			request(c)
			fmt.Fprint(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}), Status},
		"never": {raw(t, func(c net.Conn) {
			request(c)
			_, _ = c.Read(make([]byte, 1)) // until the client gives up
		}), Late},
	} {
		t.Run(name, func(t *testing.T) {
			l := start(t, Options{URL: tc.url, Timeout: 200 * time.Millisecond})
			until(t, l, "failures", func(r Report) bool { return len(r.Failures) > 10 })
			if r := l.Stop(); r.Count(tc.kind) != len(r.Failures) || r.Answered > 0 {
				t.Errorf("got %s", r)
			}
		})
	}
}

// A connection that the server closes between two requests is no failure: it is noticed,
// and another one made.
func TestIdleConnectionsMayBeClosed(t *testing.T) {
	url := raw(t, func(c net.Conn) {
		if request(c) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	l, err := Start(Options{URL: url, Rate: 50, Connections: 2, NewRate: 1})
	if err != nil {
		t.Fatal(err)
	}
	until(t, l, "connections were made anew", func(r Report) bool { return r.Answered > 20 })
	if r := l.Stop(); len(r.Failures) > 0 || r.Connections != r.Answered {
		t.Errorf("got %s", r)
	}
}

func TestInFlightAndRestart(t *testing.T) {
	held, release := atomic.Bool{}, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if held.Load() {
			<-release
		}
	}))
	defer server.Close()
	l := start(t, Options{URL: server.URL})
	until(t, l, "answers", func(r Report) bool { return r.Answered > 20 })
	held.Store(true)
	until(t, l, "all connections wait", func(r Report) bool { return r.InFlight > 10 })
	before := l.Restart()
	if after := l.Report(); before.Answered == 0 || after.Answered != 0 || after.InFlight < before.InFlight {
		t.Errorf("before %s; after %s", before, after)
	}
	held.Store(false)
	close(release)
	if r := l.Stop(); r.InFlight != 0 || len(r.Failures) > 0 || r.Answered < before.InFlight {
		t.Errorf("got %s", r)
	}
}

func TestReportString(t *testing.T) {
	r := Report{Answered: 5, Connections: 2, InFlight: 1, Slowest: 1500 * time.Microsecond}
	for range 12 {
		r.Failures = append(r.Failures, Failure{On: Own, Kind: Status, Err: statusError(503)})
	}
	got := r.String()
	for _, want := range []string{"5 answered on 2 connections, 1 in flight, 12 failed; slowest 2ms", "own connection, after 0s: status: status 503", "and 2 more"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
	if strings.Count(got, "\n") != 11 {
		t.Error(got)
	}
}

func TestStartRefusesWhatIsNoURL(t *testing.T) {
	if _, err := Start(Options{URL: "http://a b/"}); err == nil {
		t.Error("no error")
	}
}
