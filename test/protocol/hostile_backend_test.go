// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const get = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"

// poison is what a client must never be answered.
const poison = "HTTP/1.1 200 OK\r\nX-Poison: 1\r\nContent-Length: 6\r\n\r\npoison"

// once answers the first request of its first connection with a text and then
// closes, and those of all others properly.
func once(t *testing.T, text string) string {
	t.Helper()
	return backend(t, func(n int, c net.Conn) {
		for r := bufio.NewReader(c); ; {
			if _, err := readMessage(r); err != nil {
				return
			}
			if n == 1 {
				_, _ = io.WriteString(c, text)
				return
			}
			if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"); err != nil {
				return
			}
		}
	})
}

// TestAmbiguousResponses have a backend answer what two readers may read in two
// ways, or what has no end. Nothing of it may look complete to a client.
func TestAmbiguousResponses(t *testing.T) {
	head := func(fields string) string { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n" }
	for name, text := range map[string]string{
		"both lengths":            head("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n" + poison,
		"two lengths":             head("Content-Length: 2\r\nContent-Length: 3\r\n") + "ok" + poison,
		"list of lengths":         head("Content-Length: 2, 2\r\n") + "ok" + poison,
		"negative length":         head("Content-Length: -2\r\n") + "ok" + poison,
		"signed length":           head("Content-Length: +2\r\n") + "ok",
		"length overflows":        head("Content-Length: 18446744073709551618\r\n") + "ok" + poison,
		"coding twice":            head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
		"chunked, identity":       head("Transfer-Encoding: chunked, identity\r\n") + "0\r\n\r\n",
		"vertical tab":            head("Transfer-Encoding: \vchunked\r\n") + "0\r\n\r\n",
		"coding in HTTP/1.0":      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"blank before the colon":  head("Content-Length : 2\r\n") + "ok",
		"folded field":            head("X: y\r\n Content-Length: 2\r\n") + "ok",
		"CR in a value":           head("X: y\rContent-Length: 2\r\n") + "ok",
		"NUL in a value":          head("X: y\x00\r\n") + "ok",
		"name is no token":        head("X(Y): 1\r\nContent-Length: 2\r\n") + "ok",
		"no colon":                head("XY\r\nContent-Length: 2\r\n") + "ok",
		"HTTP/2.0":                "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"status of two digits":    "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
		"status of four digits":   "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
		"status below 100":        "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
		"empty line in front":     "\r\n" + head("Content-Length: 2\r\n") + "ok",
		"101 that nobody asked":   "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + poison,
		"101 without a protocol":  "HTTP/1.1 101 Switching Protocols\r\n\r\n" + poison,
		"flood of 1xx":            strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100_000) + head("Content-Length: 2\r\n") + "ok",
		"flood of 100":            strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100_000) + head("Content-Length: 2\r\n") + "ok",
		"header bomb":             head(strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 1000)+"Content-Length: 2\r\n") + "ok",
		"endless line":            "HTTP/1.1 200 " + strings.Repeat("O", 1<<20),
		"endless name":            "HTTP/1.1 200 OK\r\n" + strings.Repeat("X", 1<<20),
		"only a status line":      "HTTP/1.1 200 OK\r\n",
		"cut in the header":       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
		"cut in the body":         head("Content-Length: 5\r\n") + "ok",
		"cut in a chunk":          head("Transfer-Encoding: chunked\r\n") + "5\r\nok",
		"cut in front of a chunk": head("Transfer-Encoding: chunked\r\n") + "2\r\nok\r\n",
		"cut in the last chunk":   head("Transfer-Encoding: chunked\r\n") + "2\r\nok\r\n0\r\n",
		"cut in the trailers":     head("Transfer-Encoding: chunked\r\n") + "2\r\nok\r\n0\r\nX: y\r\n",
		"chunk ends in LF":        head("Transfer-Encoding: chunked\r\n") + "2\r\nok\n0\r\n\r\n",
		"chunk size ends in LF":   head("Transfer-Encoding: chunked\r\n") + "2\nok\r\n0\r\n\r\n",
		"negative chunk":          head("Transfer-Encoding: chunked\r\n") + "-2\r\nok\r\n0\r\n\r\n",
		"chunk overflows":         head("Transfer-Encoding: chunked\r\n") + "10000000000000002\r\nok\r\n0\r\n\r\n",
		"endless extension":       head("Transfer-Encoding: chunked\r\n") + "2;" + strings.Repeat("x", 1<<20),
		"trailer bomb":            head("Transfer-Encoding: chunked\r\n") + "2\r\nok\r\n0\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 1000) + "\r\n",
		"CR in a trailer":         head("Transfer-Encoding: chunked\r\n") + "2\r\nok\r\n0\r\nX: y\rZ: 1\r\n\r\n",
		"trailers end in LF":      head("Transfer-Encoding: chunked\r\n") + "2\r\nok\r\n0\r\nX: y\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			gw := newGateway(t, site(t, once(t, text)))
			c := dial(t, gw.address)
			c.send(get + get)
			a, err := c.next("GET")
			for err == nil && a.StatusCode < 200 {
				a, err = c.next("GET")
			}
			switch {
			case err != nil:
			case a.StatusCode == 502:
				// The connection goes on, with the answer to the next request.
				if b := c.mustNext("GET"); b.body != "good" {
					t.Errorf("the next answer is %q", b.body)
				}
			case a.cut == nil:
				t.Errorf("answer %s %q looks complete", a.Status, a.body)
			default:
				if rest, _ := io.ReadAll(c); len(rest) > 0 {
					t.Errorf("behind a cut answer comes %q", rest)
				}
			}
			if err == nil && a.Header.Get("X-Poison") != "" {
				t.Errorf("poisoned: %v", a.Header)
			}
			c2 := dial(t, gw.address)
			c2.send(get)
			if b := c2.mustNext("GET"); b.body != "good" {
				t.Errorf("another client is answered %q", b.body)
			}
		})
	}
}

// TestBodiesWhereNoneBelongs have a backend send bodies that are none, and more
// than it has said, in the same segment or a moment later: the connection must
// not carry another request.
func TestBodiesWhereNoneBelongs(t *testing.T) {
	for name, tt := range map[string]struct{ method, response string }{
		"HEAD":               {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"},
		"HEAD in chunks":     {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		"204":                {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: %d\r\n\r\n"},
		"304":                {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: %d\r\n\r\n"},
		"behind the length":  {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		"behind the body":    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"behind last chunk":  {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		"behind HTTP/1.0":    {"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"},
		"behind early hints": {"GET", "HTTP/1.1 103 Early Hints\r\nContent-Length: 50\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late %v", name, late), func(t *testing.T) {
				response := tt.response
				if strings.Contains(response, "%d") {
					response = fmt.Sprintf(response, len(poison))
				}
				poisoned, taken := make(chan struct{}), make(chan struct{})
				address := backend(t, func(n int, c net.Conn) {
					r := bufio.NewReader(c)
					for i := 1; ; i++ {
						if _, err := readMessage(r); err != nil {
							return
						}
						switch {
						case n == 1 && i == 1 && late:
							_, _ = io.WriteString(c, response)
							<-taken // by the client, so that the proxy is done with it
							_, _ = io.WriteString(c, poison)
							close(poisoned)
						case n == 1 && i == 1:
							_, _ = io.WriteString(c, response+poison)
							close(poisoned)
						default:
							_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
						}
					}
				})
				gw := newGateway(t, site(t, address))
				c := dial(t, gw.address)
				c.send(tt.method + " / HTTP/1.1\r\nHost: a.example\r\n\r\n")
				for {
					a := c.mustNext(tt.method)
					if a.Header.Get("X-Poison") != "" {
						t.Fatalf("poisoned: %s %v", a.Status, a.Header)
					}
					if a.StatusCode >= 200 {
						break
					}
				}
				close(taken)
				<-poisoned
				for range 3 {
					other := dial(t, gw.address)
					other.send(get)
					if a := other.mustNext("GET"); a.body != "good" {
						t.Errorf("another client is answered %q", a.body)
					}
				}
			})
		}
	}
}

// TestInterimResponsesAreForHTTP11 sees a client of HTTP/1.0 get the final
// response only (RFC 9110, 15.2): it would take another for it.
func TestInterimResponsesAreForHTTP11(t *testing.T) {
	gw := newGateway(t, site(t, once(t, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")))
	c := dial(t, gw.address)
	c.send("GET / HTTP/1.0\r\nHost: a.example\r\n\r\n")
	if a := c.mustNext("GET"); a.StatusCode != 200 || a.body != "ok" {
		t.Errorf("%s %q", a.Status, a.body)
	}
}

// TestCutResponseToHTTP10 has a body without a length break off. All that tells
// it from a complete one is how the connection ends.
func TestCutResponseToHTTP10(t *testing.T) {
	for response, complete := range map[string]bool{
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n": true,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n":          false,
		"HTTP/1.0 200 OK\r\n\r\nok": true,
	} {
		gw := newGateway(t, site(t, once(t, response)))
		c := dial(t, gw.address)
		c.send("GET / HTTP/1.0\r\nHost: a.example\r\n\r\n")
		a, err := c.next("GET")
		if ok := err == nil && a.cut == nil && a.body == "ok"; ok != complete {
			t.Errorf("%q came as %q, %v, %v; complete is %v", response, a.body, a.cut, err, complete)
		}
	}
}

// TestEndlessBackends have a backend send for as long as it is read: a header
// that doesn't end is given up, a body that the client doesn't read stays where
// it is.
func TestEndlessBackends(t *testing.T) {
	var sent atomic.Int64
	ended := make(chan struct{}, 1)
	address := backend(t, func(_ int, c net.Conn) {
		m, err := readMessage(bufio.NewReader(c))
		if err != nil {
			return
		}
		head, piece := "HTTP/1.1 200 OK\r\n", "X-Field: "+strings.Repeat("y", 8000)+"\r\n"
		if strings.Contains(m.line, "/body") {
			head += "\r\n"
		}
		_, err = io.WriteString(c, head)
		for err == nil {
			var n int
			n, err = io.WriteString(c, piece)
			sent.Add(int64(n))
		}
		ended <- struct{}{}
	})
	gw := newGateway(t, site(t, address))
	c := dial(t, gw.address)
	c.send(get)
	if a := c.mustNext("GET"); a.StatusCode != 502 {
		t.Errorf("endless header: %s", a.Status)
	}
	<-ended
	sent.Store(0)

	c.send("GET /body HTTP/1.1\r\nHost: a.example\r\n\r\n")
	// The client reads nothing. When all buffers are full, the backend waits.
	var last int64
	still := time.Now()
	await(t, "the backend to wait", func() bool {
		if n := sent.Load(); n != last || n == 0 {
			last, still = n, time.Now()
		}
		return time.Since(still) > 200*time.Millisecond
	})
	if bound := int64(32 << 20); last > bound {
		t.Errorf("%d bytes were taken for a client that reads none", last)
	}
	c.Close()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the client is gone, and the backend is read")
	}
}
