// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// TestSlowHeadersAreGivenUp has clients that send a header byte by byte, or none.
func TestSlowHeadersAreGivenUp(t *testing.T) {
	const timeout = 200 * time.Millisecond
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address, limiting(config.Limits{RequestHeaderTimeout: config.Duration(timeout)})))
	for name, text := range map[string]string{
		"nothing":     "",
		"a line":      "GET / HTTP/1.1\r\n",
		"no end":      "GET / HTTP/1.1\r\nHost: a.example\r\n",
		"no preface":  "PRI * HTTP/2.0\r\n",
		"byte by one": "GET / HTTP/1.1\r\nHost: a.example\r\nX: ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			c := dial(t, gw.address)
			c.send(text)
			if name == "byte by one" {
				stop := make(chan struct{})
				done := make(chan struct{})
				go func() {
					defer close(done)
					for tick := time.NewTicker(10 * time.Millisecond); ; {
						select {
						case <-tick.C:
							c.send("y")
						case <-stop:
							tick.Stop()
							return
						}
					}
				}()
				defer func() { close(stop); <-done }()
			}
			if got, err := io.ReadAll(c.Conn); isTimeout(err) || strings.Contains(string(got), " 200 ") {
				t.Errorf("read %q, %v", got, err)
			}
			if took := time.Since(begin); took < timeout/2 || took > timeout+5*time.Second {
				t.Errorf("closed after %v", took)
			}
		})
	}
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}

// TestHeadersOfAllSizes are taken up to the limit, and answered 431 far beyond it;
// net/http has some slack in between.
func TestHeadersOfAllSizes(t *testing.T) {
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address))
	long := func(n int) string { return "X-Long: " + strings.Repeat("y", n) + "\r\n" }
	for name, tt := range map[string]struct {
		line, fields string
		want         int
	}{
		"60 KiB":            {"GET / HTTP/1.1", long(60 << 10), 200},
		"72 KiB":            {"GET / HTTP/1.1", long(72 << 10), 431},
		"10 MiB":            {"GET / HTTP/1.1", long(10 << 20), 431},
		"10,000 fields":     {"GET / HTTP/1.1", strings.Repeat("a:b\r\n", 10_000), 200},
		"100,000 fields":    {"GET / HTTP/1.1", strings.Repeat("a:b\r\n", 100_000), 431},
		"60 KiB of target":  {"GET /" + strings.Repeat("x", 60<<10) + " HTTP/1.1", "", 200},
		"72 KiB of target":  {"GET /" + strings.Repeat("x", 72<<10) + " HTTP/1.1", "", 431},
		"60 KiB of method":  {strings.Repeat("X", 60<<10) + " / HTTP/1.1", "", 200},
		"endless line feed": {"GET / HTTP/1.1", strings.Repeat("\t\r\n ", 30_000), 431},
	} {
		c := dial(t, gw.address)
		// In the background, since a refusal comes before all of it is taken.
		go c.send(tt.line + "\r\nHost: a.example\r\nConnection: close\r\n" + tt.fields + "\r\n")
		if a, err := c.next("GET"); err != nil || a.StatusCode != tt.want {
			t.Errorf("%s: %v, %v; want %d", name, a.Response, err, tt.want)
		}
		app.take()
	}
	// HTTP/2 may end the connection instead of reading the rest.
	for fields, want := range map[int]string{6: "200", 10: "431 PROTOCOL_ERROR"} {
		c := dialH2(t, gw.address)
		header := []string{":method", "GET", ":scheme", "http", ":authority", "a.example", ":path", "/"}
		for range fields {
			header = append(header, "x-long", strings.Repeat("y", 8<<10))
		}
		if got := c.status(c.requestInPieces(header...)); !strings.Contains(want, got) {
			t.Errorf("HTTP/2, %d fields of 8 KiB: %s, want %s", fields, got, want)
		}
	}
}

// TestClientThatLeaves closes a connection in the middle of a body: the backend
// is told at once, in a way that is not the end of a body.
func TestClientThatLeaves(t *testing.T) {
	type end struct {
		message message
		err     error
	}
	began, ended := make(chan struct{}, 1), make(chan end, 1)
	gw := newGateway(t, site(t, backend(t, func(_ int, c net.Conn) {
		r := bufio.NewReader(c)
		line, fields, err := readHead(r)
		if err != nil {
			return
		}
		began <- struct{}{}
		m := message{line: line, fields: fields}
		if len(m.values("Transfer-Encoding")) > 0 {
			m.body, m.trailer, err = readChunks(r)
		} else {
			var body []byte
			body, err = io.ReadAll(io.LimitReader(r, 100_000))
			m.body = string(body)
			if err == nil && len(body) < 100_000 {
				err = io.ErrUnexpectedEOF
			}
		}
		ended <- end{m, err}
	})))
	for _, request := range []string{
		"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
	} {
		for _, reset := range []bool{false, true} {
			c := dial(t, gw.address)
			c.send(request)
			<-began
			if reset {
				_ = c.Conn.(*net.TCPConn).SetLinger(0)
			}
			c.Conn.Close()
			select {
			case e := <-ended:
				if e.err == nil {
					t.Errorf("%q: the backend read all of %q", request, e.message.body)
				}
			case <-time.After(patience):
				t.Fatal("the backend waits for the rest")
			}
		}
	}
}

// TestBodyBehindARefusal sends what is too long for the Gateway, with requests in
// it: none of them may be answered.
func TestBodyBehindARefusal(t *testing.T) {
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address, limiting(config.Limits{MaxRequestBodyBytes: 10})))
	inner := strings.Repeat(smuggled, 100)
	for _, framing := range []string{
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(inner), inner),
		fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(inner), inner),
		fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n%x\r\n%s\r\n0\r\n\r\n", len(inner), inner),
		fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s", len(inner), inner),
	} {
		c := dial(t, gw.address)
		c.send("POST / HTTP/1.1\r\nHost: a.example\r\n" + framing + smuggled)
		answers := c.answers()
		if len(answers) != 1 || answers[0].StatusCode != 413 {
			t.Errorf("%.40q: %d answers, the first %v", framing, len(answers), answers)
		}
		messages, broken := app.take()
		for _, line := range broken {
			if strings.Contains(line, "smuggled") {
				t.Errorf("the backend read %q", line)
			}
		}
		if len(messages) > 0 {
			t.Errorf("%.40q: the backend read %q", framing, messages[0].line)
		}
	}
}
