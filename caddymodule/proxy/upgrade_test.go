// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// echoSocket accepts WebSockets and sends back what it gets. The status with
// which one was closed goes to closed.
func echoSocket(t testing.TB, closed chan<- websocket.StatusCode) string {
	return serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo"}})
		if err != nil {
			t.Error(err)
			return
		}
		defer ws.CloseNow()
		ws.SetReadLimit(1 << 20)
		for {
			kind, message, err := ws.Read(t.Context())
			if err != nil {
				closed <- websocket.CloseStatus(err)
				return
			}
			if err := ws.Write(t.Context(), kind, message); err != nil {
				closed <- -1
				return
			}
		}
	})
}

func dialSocket(t testing.TB, gw *gatewayFixture) *websocket.Conn {
	t.Helper()
	ws, resp, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(gw.URL, "http")+"/ws", &websocket.DialOptions{
		HTTPClient: newClient(t), Subprotocols: []string{"echo"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Sec-Websocket-Protocol"); got != "echo" {
		t.Errorf("subprotocol %q", got)
	}
	ws.SetReadLimit(1 << 20)
	return ws
}

func echo(t testing.TB, ws *websocket.Conn, kind websocket.MessageType, message string) {
	t.Helper()
	if err := ws.Write(t.Context(), kind, []byte(message)); err != nil {
		t.Fatal(err)
	}
	got, back, err := ws.Read(t.Context())
	if err != nil || got != kind || string(back) != message {
		t.Fatalf("%d bytes came back as %d, %v", len(message), len(back), err)
	}
}

func TestWebSocket(t *testing.T) {
	eachUpgrade(t, func(t *testing.T, protocol config.BackendProtocol) {
		closed := make(chan websocket.StatusCode, 1)
		gw := newGateway(t, oneBackend(echoSocket(t, closed), protocol))
		ws := dialSocket(t, gw)
		for _, size := range []int{0, 1, 125, 126, 65_535, 65_536, 900_000} {
			echo(t, ws, websocket.MessageText, bigText(size))
			echo(t, ws, websocket.MessageBinary, bigText(size))
		}
		// A change of everything else must not touch it.
		gw.apply(t, oneRule(config.Rule{ErrorStatus: 500}))
		echo(t, ws, websocket.MessageText, "still here")
		if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
		if got := <-closed; got != websocket.StatusNormalClosure {
			t.Errorf("the backend saw it closed with %d", got)
		}
	})
}

// eachUpgrade runs a test for all backends that can change the protocol.
func eachUpgrade(t *testing.T, test func(t *testing.T, protocol config.BackendProtocol)) {
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, overTLS1} {
		t.Run(string(protocol), func(t *testing.T) { test(t, protocol) })
	}
}

// TestDrainEndsWebSockets sees both sides told that the proxy goes away.
func TestDrainEndsWebSockets(t *testing.T) { eachUpgrade(t, testDrainEndsWebSockets) }

func testDrainEndsWebSockets(t *testing.T, protocol config.BackendProtocol) {
	closed := make(chan websocket.StatusCode, 1)
	gw := newGateway(t, oneBackend(echoSocket(t, closed), protocol))
	ws := dialSocket(t, gw)
	defer ws.CloseNow()
	echo(t, ws, websocket.MessageText, "hello")

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- gw.engine.CloseStreams(ctx) }()
	echo(t, ws, websocket.MessageText, "goes on until the context is done")
	cancel()
	_, _, err := ws.Read(t.Context())
	if got := websocket.CloseStatus(err); got != websocket.StatusGoingAway {
		t.Errorf("the client saw it closed with %d (%v)", got, err)
	}
	if got := <-closed; got != websocket.StatusGoingAway {
		t.Errorf("the backend saw it closed with %d", got)
	}
	if err := <-ended; err == nil {
		t.Error("CloseStreams had to end a stream, and did not say so")
	}
}

// TestDrainWaitsForStreams sees CloseStreams return when the last has ended.
func TestDrainWaitsForStreams(t *testing.T) {
	closed := make(chan websocket.StatusCode, 1)
	gw := newGateway(t, oneBackend(echoSocket(t, closed), config.BackendHTTP))
	ws := dialSocket(t, gw)
	ended := make(chan error)
	go func() { ended <- gw.engine.CloseStreams(t.Context()) }()
	echo(t, ws, websocket.MessageText, "hello")
	if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-closed
}

// TestUpgradeToAnyProtocol has bytes behind both heads, and each side close its
// half on its own.
func TestUpgradeToAnyProtocol(t *testing.T) { eachUpgrade(t, testUpgradeToAnyProtocol) }

func testUpgradeToAnyProtocol(t *testing.T, protocol config.BackendProtocol) {
	got := make(chan string, 1)
	app := rawBackend(t, func(c net.Conn) {
		if protocol == overTLS1 {
			secured := tls.Server(c, serverTLS(t, testCA(t), serverName))
			defer secured.Close()
			c = secured
		}
		head := readUntil(t, c, "\r\n\r\n")
		if !strings.Contains(head, "Upgrade: Lines/1\r\n") || !strings.Contains(head, "Connection: Upgrade\r\n") {
			t.Errorf("the backend was asked %q", head)
		}
		send(t, c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: lines/1\r\nX-Extra: 1\r\n\r\nwelcome\n")
		all, err := io.ReadAll(c)
		if err != nil {
			t.Error(err)
		}
		got <- string(all)
		send(t, c, "goodbye\n")
	})
	gw := newGateway(t, oneBackend(app, protocol))
	c := connect(t, gw.Address)
	send(t, c, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, foo\r\nFoo: 1\r\nUpgrade: Lines/1\r\n\r\nearly\n")
	head := readUntil(t, c, "\r\n\r\n")
	for _, want := range []string{"HTTP/1.1 101 Switching Protocols\r\n", "Upgrade: lines/1\r\n", "X-Extra: 1\r\n"} {
		if !strings.Contains(head, want) {
			t.Errorf("%q is not in %q", want, head)
		}
	}
	expect(t, c, "welcome\n")
	send(t, c, "late\n")
	c.(*net.TCPConn).CloseWrite()
	if want, all := "early\nlate\n", <-got; all != want {
		t.Errorf("the backend read %q, want %q", all, want)
	}
	rest, err := io.ReadAll(c)
	if err != nil || string(rest) != "goodbye\n" {
		t.Errorf("the client read %q, %v", rest, err)
	}
}

func TestUpgradeRefused(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) })
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	c := connect(t, gw.Address)
	// The connection stays what it was.
	for range 2 {
		send(t, c, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Error(resp.Status)
		}
	}
}

// TestUpgradeToHTTP2 is no upgrade: what comes through such a tunnel would not be
// looked at.
func TestUpgradeToHTTP2(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Seen", r.Header.Get("Upgrade")+r.Header.Get("Connection")+r.Header.Get("Http2-Settings"))
	})
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	c := connect(t, gw.Address)
	send(t, c, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Seen") != "" {
		t.Errorf("%s, the backend saw %q", resp.Status, resp.Header.Get("X-Seen"))
	}
}

func TestUpgradeToAnotherProtocol(t *testing.T) {
	app := rawBackend(t, func(c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		send(t, c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n")
	})
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	c := connect(t, gw.Address)
	send(t, c, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n")
	expect(t, c, "HTTP/1.1 502 ")
}

// TestDrainClosesOtherStreams ends a stream of an unknown protocol.
func TestDrainClosesOtherStreams(t *testing.T) {
	gone := make(chan struct{})
	app := rawBackend(t, func(c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		send(t, c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: lines\r\n\r\n")
		io.Copy(io.Discard, c)
		close(gone)
	})
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	c := connect(t, gw.Address)
	send(t, c, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n")
	readUntil(t, c, "\r\n\r\n")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := gw.engine.CloseStreams(ctx); err == nil {
		t.Error("no error for a stream that was cut")
	}
	<-gone
}
