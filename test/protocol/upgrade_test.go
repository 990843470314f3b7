// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bufio"
	"io"
	"net"
	"testing"
)

// TestUpgradesThatAreNone reach the backend as requests like any other.
func TestUpgradesThatAreNone(t *testing.T) {
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address, forbidding("/smuggled")))
	for name, fields := range map[string]string{
		"h2c":                      "HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
		"H2C":                      "HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: H2C",
		"h2c in a list":            "HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c",
		"h2c in a second field":    "HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c",
		"h2c in two connections":   "HTTP/1.1\r\nConnection: HTTP2-Settings\r\nConnection: Upgrade\r\nUpgrade: h2c",
		"not asked in Connection":  "HTTP/1.1\r\nUpgrade: websocket",
		"asked for nothing":        "HTTP/1.1\r\nConnection: Upgrade",
		"asked for nothing at all": "HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade:",
		"HTTP/1.0":                 "HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket",
	} {
		c := dial(t, gw.address)
		c.send("GET /x " + fields + "\r\nHost: a.example\r\n\r\n")
		if a := c.mustNext("GET"); a.StatusCode != 200 {
			t.Errorf("%s: %s", name, a.Status)
		}
		messages, _ := app.take()
		if len(messages) != 1 {
			t.Fatalf("%s: the backend read %+v", name, messages)
		}
		for _, field := range []string{"Upgrade", "Connection"} {
			if got := messages[0].values(field); len(got) > 0 {
				t.Errorf("%s: the backend read %s: %q", name, field, got)
			}
		}
	}
}

// TestRefusedWebSocket has a backend that refuses, in a way that a careless proxy
// takes for success. What the client sends next is a request as any other, and
// what the backend says later is no answer to it.
func TestRefusedWebSocket(t *testing.T) {
	for name, response := range map[string]string{
		"400":        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
		"426":        "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
		"200":        "HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
		"other name": "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket2\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			lines := make(chan string, 10)
			gw := newGateway(t, site(t, backend(t, func(n int, c net.Conn) {
				for r := bufio.NewReader(c); ; {
					m, err := readMessage(r)
					if err != nil {
						return
					}
					lines <- m.line
					if m.line == "GET /ws HTTP/1.1" {
						_, _ = io.WriteString(c, response)
					} else {
						_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
					}
				}
			}), forbidding("/smuggled")))
			c := dial(t, gw.address)
			c.send("GET /ws HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" + smuggled)
			if a := c.mustNext("GET"); a.StatusCode == 101 {
				t.Errorf("answer %s", a.Status)
			}
			if a := c.mustNext("GET"); a.StatusCode != 403 {
				t.Errorf("behind the refusal: %s", a.Status)
			}
			c.send(get)
			if a := c.mustNext("GET"); a.body != "good" {
				t.Errorf("answer %q", a.body)
			}
			if a, b := <-lines, <-lines; a != "GET /ws HTTP/1.1" || b != "GET / HTTP/1.1" {
				t.Errorf("the backend read %q and %q", a, b)
			}
		})
	}
}
