// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package http3server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestServes(t *testing.T) {
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || r.TLS.ServerName != "a.example" || r.Proto != "HTTP/3.0" {
			t.Errorf("%s, TLS %v", r.Proto, r.TLS)
		}
		body, err := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Method, " ", r.ContentLength, " ", string(body), " ", r.Body == http.NoBody, " ", err)
	})
	f.Serve(spec(1), patience)
	c := f.newClient(t)
	streamed := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) }
	for _, tt := range []struct {
		method string
		body   io.Reader
		want   string
	}{
		{"GET", nil, "GET 0  true <nil>"},
		{"DELETE", nil, "DELETE 0  true <nil>"},
		{"GET", strings.NewReader("x"), "GET 1 x false <nil>"},
		{"GET", streamed("some"), "GET -1 some false <nil>"},
		{"POST", streamed("some"), "POST -1 some false <nil>"},
		{"POST", strings.NewReader("more"), "POST 4 more false <nil>"},
	} {
		if status, got, err := c.do(t, tt.method, "/", tt.body); status != http.StatusOK || got != tt.want || err != nil {
			t.Errorf("%s: %d %q, %v; want %q", tt.method, status, got, err, tt.want)
		}
	}
}

func TestLimits(t *testing.T) {
	f := newFixture(t, hello)
	limited := spec(1)
	limited.MaxConnections = 1
	f.Serve(limited, patience)
	first := f.newClient(t)
	if !f.refused(t) {
		t.Error("there are two connections, and one is allowed")
	}
	if status, _, err := first.get(t, "/"+strings.Repeat("x", 5000)); status != http.StatusRequestHeaderFieldsTooLarge || err != nil {
		t.Errorf("a long header: %d, %v", status, err)
	}
	wantHello(t, first)
	_ = first.conn.CloseWithError(0, "")
	await(t, "the place of a connection", func() bool { return f.load.connections.Load() == 0 })
	limited.IdleTimeout = 50 * time.Millisecond
	f.Serve(limited, patience)
	idle := f.newClient(t)
	wantHello(t, idle)
	<-idle.conn.Context().Done()
	await(t, "the end of handshakes", func() bool { return f.load.handshakes.Load() == 0 })
}

// TestPortIsTaken by somebody, who leaves.
func TestPortIsTaken(t *testing.T) {
	f := newFixture(t, hello)
	other, err := net.ListenPacket("udp", f.address)
	if err != nil {
		t.Fatal(err)
	}
	f.Serve(spec(1), patience)
	f.Serve(spec(2), patience)
	if f.Addr() != nil || f.logs.FilterMessageSnippet("can't serve HTTP/3 yet").Len() != 1 {
		t.Errorf("bound to %v, logged %v", f.Addr(), f.logs.All())
	}
	other.Close()
	await(t, "the socket", func() bool { return f.Addr() != nil })
	wantHello(t, f.newClient(t))
}

// TestYield gives the port to somebody, for a while.
func TestYield(t *testing.T) {
	f := newFixture(t, hello)
	f.retry = time.Hour
	f.Yield() // nothing yet
	f.Serve(spec(1), patience)
	c := f.newClient(t)
	wantHello(t, c)
	f.Yield()
	other, err := net.ListenPacket("udp", f.address)
	if err != nil {
		t.Fatal(err)
	}
	<-c.conn.Context().Done()
	other.Close()
	f.Yield()
	if !f.tryAgain() {
		t.Fatal("the port is not free")
	}
	wantHello(t, f.newClient(t))
}

// TestGenerations has connections from before and after changes.
func TestGenerations(t *testing.T) {
	begun, finish := make(chan struct{}, 1), make(chan struct{})
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			begun <- struct{}{}
			<-finish
		}
		hello(w, r)
	})
	f.Serve(spec(1), patience)
	c := f.newClient(t)
	same := spec(1)
	same.MaxStreams = 11
	f.Serve(same, patience)
	wantHello(t, c)
	f.mu.Lock()
	retired := len(f.retired)
	f.mu.Unlock()
	if retired != 1 {
		t.Errorf("%d retired generations", retired)
	}

	answered := make(chan string, 1)
	go func() {
		_, body, err := c.get(t, "/slow")
		answered <- fmt.Sprint(body, err)
	}()
	<-begun
	f.Serve(spec(2), patience)
	// It may or may not know already that it is to go.
	if status, _, err := c.get(t, "/"); status != http.StatusMisdirectedRequest && err == nil {
		t.Errorf("a request on a connection that may not go on: %d", status)
	}
	wantHello(t, f.newClient(t))
	close(finish)
	if got := <-answered; got != "hello<nil>" {
		t.Errorf("a request under way: %s", got)
	}
	<-c.conn.Context().Done()
	await(t, "the generations from before", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.retired) == 0
	})
}

// TestShutdown has clients that don't go, one of them with a request that ends in time.
func TestShutdown(t *testing.T) {
	begun, finish := make(chan struct{}, 1), make(chan struct{})
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			begun <- struct{}{}
			<-finish
		}
		hello(w, r)
	})
	f.Serve(spec(1), patience)
	idle, deaf, slow := f.newClient(t), f.dial(t), f.newClient(t)
	wantHello(t, idle)
	answered := make(chan string, 1)
	go func() {
		_, body, err := slow.get(t, "/slow")
		answered <- fmt.Sprint(body, err)
	}()
	<-begun
	var stopped sync.WaitGroup
	stopped.Go(func() { f.Shutdown(t.Context()) })
	<-idle.conn.Context().Done()
	<-deaf.Context().Done()
	if !closedWell(deaf) {
		t.Errorf("an idle connection ends with %v", context.Cause(deaf.Context()))
	}
	if !f.refused(t) {
		t.Error("a connection is made after the end")
	}
	close(finish)
	if got := <-answered; got != "hello<nil>" {
		t.Errorf("a request under way: %s", got)
	}
	stopped.Wait()
	f.Close()
	if pc, err := net.ListenPacket("udp", f.address); err != nil {
		t.Error(err)
	} else {
		pc.Close()
	}
}

// TestShutdownInTime has a request that does not end.
func TestShutdownInTime(t *testing.T) {
	begun := make(chan struct{}, 1)
	f := newFixture(t, func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
	})
	f.Serve(spec(1), patience)
	c := f.newClient(t)
	failed := make(chan error, 1)
	go func() {
		_, _, err := c.get(t, "/")
		failed <- err
	}()
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	f.Shutdown(ctx)
	if err := <-failed; err == nil {
		t.Error("a request that was cut looks complete")
	}
	if f.logs.FilterMessageSnippet("did not end in time").Len() != 1 {
		t.Errorf("logged %v", f.logs.All())
	}
}

func TestFaultOfHandler(t *testing.T) {
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fault":
			panic("a fault")
		case "/abort":
			panic(http.ErrAbortHandler)
		}
		hello(w, r)
	})
	f.Serve(spec(1), patience)
	c := f.newClient(t)
	for _, path := range []string{"/fault", "/abort"} {
		if status, _, err := c.get(t, path); err == nil {
			t.Errorf("%s: %d", path, status)
		}
	}
	wantHello(t, c)
	if logged := f.logs.FilterMessage("handler panicked").All(); len(logged) != 1 || logged[0].ContextMap()["detail"] != "a fault" {
		t.Errorf("logged %v", logged)
	}
}

func TestCloseBeforeServe(t *testing.T) {
	s := New(Options{})
	s.Shutdown(t.Context())
	s.Close()
}
