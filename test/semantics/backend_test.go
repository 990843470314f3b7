// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// The headers by which a client tells a backend what to do.
const (
	// setHeader has a field for the response, "name: value".
	setHeader = "X-Echo-Set-Header"
	// delayHeader has the time that the response takes.
	delayHeader = "X-Echo-Delay"
	// failHeader has how many requests for the target are to fail, and how: "2 500" with
	// this status, "2 reset" by a reset of the connection.
	failHeader = "X-Echo-Fail"
)

// echoed is what a backend received.
type echoed struct {
	Backend string
	Proto   string
	Method  string
	Target  string
	Host    string
	Header  http.Header
}

// newBackend starts a server for HTTP/1.1, HTTP/2 without TLS and WebSocket that
// answers with what it received.
func newBackend(t *testing.T, name string, journal *journal) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(echoHandler(name, journal))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func echoHandler(name string, journal *journal) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/ws", echoWebSocket)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if times, how, ok := strings.Cut(r.Header.Get(failHeader), " "); ok && journal.attempt(name, r) <= number(times) {
			fail(w, how)
			return
		}
		if delay, err := time.ParseDuration(r.Header.Get(delayHeader)); err == nil {
			select {
			case <-time.After(delay):
			case <-r.Context().Done():
				return
			}
		}
		for _, field := range r.Header[setHeader] {
			name, value, _ := strings.Cut(field, ": ")
			w.Header().Add(name, value)
		}
		received := echoed{name, r.Proto, r.Method, r.RequestURI, r.Host, r.Header}
		journal.add(received)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(received)
	})
	return mux
}

func fail(w http.ResponseWriter, how string) {
	if how != "reset" {
		w.WriteHeader(number(how))
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

// echoWebSocket sends every message back.
func echoWebSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	for {
		typ, message, err := conn.Read(r.Context())
		if err != nil || conn.Write(r.Context(), typ, message) != nil {
			return
		}
	}
}
