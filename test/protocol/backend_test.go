// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// backend is a server of raw connections that ends with the test.
func backend(t *testing.T, serve func(n int, c net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 1; ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(patience))
				serve(n, c)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
	})
	return ln.Addr().String()
}

// message is a request as a simple-minded server reads it.
type message struct {
	conn    int
	line    string
	fields  []string // as they came
	body    string
	trailer []string
}

// values of the fields with a name, compared as a simple-minded server would.
func (m message) values(name string) (list []string) {
	for _, f := range m.fields {
		if n, v, _ := strings.Cut(f, ":"); strings.EqualFold(strings.TrimSpace(n), name) {
			list = append(list, strings.TrimSpace(v))
		}
	}
	return list
}

// fault says what is ambiguous in how the message is framed, or "".
func (m message) fault() string {
	cl, te := m.values("Content-Length"), m.values("Transfer-Encoding")
	switch {
	case len(cl) > 1, len(te) > 1, len(cl)+len(te) > 1:
		return fmt.Sprintf("framed twice: Content-Length %q, Transfer-Encoding %q", cl, te)
	case len(te) == 1 && te[0] != "chunked":
		return fmt.Sprintf("Transfer-Encoding %q", te)
	case strings.Count(m.line, " ") != 2 || !strings.HasSuffix(m.line, " HTTP/1.1"):
		return fmt.Sprintf("request line %q", m.line)
	case len(m.values("Host")) != 1:
		return fmt.Sprintf("%d Host fields", len(m.values("Host")))
	}
	for _, f := range append(m.fields, m.trailer...) {
		name, value, ok := strings.Cut(f, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") || strings.ContainsAny(value, "\r\n\x00") {
			return fmt.Sprintf("field %q", f)
		}
	}
	return ""
}

// readMessage reads a request without judging it.
func readMessage(r *bufio.Reader) (m message, err error) {
	if m.line, m.fields, err = readHead(r); err != nil {
		return m, err
	}
	switch {
	case len(m.values("Transfer-Encoding")) > 0:
		m.body, m.trailer, err = readChunks(r)
	case len(m.values("Content-Length")) > 0:
		n, _ := strconv.Atoi(m.values("Content-Length")[0])
		body := make([]byte, n)
		_, err = io.ReadFull(r, body)
		m.body = string(body)
	}
	return m, err
}

func readHead(r *bufio.Reader) (line string, fields []string, err error) {
	for {
		text, err := r.ReadString('\n')
		if err != nil {
			return line, fields, err
		}
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
		switch {
		case line == "" && fields == nil:
			line, fields = text, []string{}
		case text == "":
			return line, fields, nil
		default:
			fields = append(fields, text)
		}
	}
}

func readChunks(r *bufio.Reader) (body string, trailer []string, err error) {
	text := textproto.NewReader(r)
	for {
		line, err := text.ReadLine()
		if err != nil {
			return body, nil, err
		}
		size, err := strconv.ParseInt(line, 16, 32)
		if err != nil {
			return body, nil, err
		}
		if size == 0 {
			break
		}
		piece := make([]byte, size+2)
		if _, err := io.ReadFull(r, piece); err != nil {
			return body, nil, err
		}
		body += string(piece[:size])
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == "\r\n" {
			return body, trailer, err
		}
		trailer = append(trailer, strings.TrimSuffix(line, "\r\n"))
	}
}

// recorder is a backend that keeps what it reads, and answers each request on as
// many connections as there are with what it has understood.
type recorder struct {
	address string

	mu       sync.Mutex
	messages []message
	broken   []string // requests that had no end, by their lines
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	rec := &recorder{}
	rec.address = backend(t, func(n int, c net.Conn) {
		for r := bufio.NewReader(c); ; {
			m, err := readMessage(r)
			m.conn = n
			rec.mu.Lock()
			if err == nil {
				rec.messages = append(rec.messages, m)
			} else if m.line != "" {
				rec.broken = append(rec.broken, m.line)
			}
			rec.mu.Unlock()
			if err != nil {
				return
			}
			text := fmt.Sprintf("%s|%s", m.line, m.body)
			if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text); err != nil {
				return
			}
		}
	})
	return rec
}

// take returns what was read since the last time.
func (rec *recorder) take() (messages []message, broken []string) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	messages, broken = rec.messages, rec.broken
	rec.messages, rec.broken = nil, nil
	return messages, broken
}
