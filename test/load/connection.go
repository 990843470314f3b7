// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// connection is one to the server, made when it is needed. It belongs to one goroutine.
type connection struct {
	options *Options
	tcp     net.Conn // nil: none is open
	conn    net.Conn // tcp, or TLS over it
	reader  *bufio.Reader
}

// exchange sends a request and reads the whole response. It says how many connections
// it made.
func (c *connection) exchange(request *http.Request) (made int, err error) {
	deadline := time.Now().Add(c.options.Timeout)
	if c.tcp != nil && !alive(c.tcp) {
		c.close()
	}
	if c.tcp == nil {
		if err := c.open(request.URL, deadline); err != nil {
			return 0, err
		}
		made = 1
	}
	keep, err := c.roundTrip(request, deadline)
	if err != nil || !keep {
		c.close()
	}
	return made, err
}

func (c *connection) open(to *url.URL, deadline time.Time) error {
	port := to.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[to.Scheme]
	}
	dialer := net.Dialer{Deadline: deadline}
	tcp, err := dialer.Dial("tcp", net.JoinHostPort(to.Hostname(), port))
	if err != nil {
		return &stage{connecting: true, err: err}
	}
	c.tcp, c.conn = tcp, tcp
	if to.Scheme == "https" {
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		defer cancel()
		secure := tls.Client(tcp, c.options.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			c.close()
			return &stage{handshaking: true, err: err}
		}
		c.conn = secure
	}
	c.reader = bufio.NewReader(c.conn)
	return nil
}

// roundTrip says whether the connection may be kept.
func (c *connection) roundTrip(request *http.Request, deadline time.Time) (keep bool, err error) {
	if err := c.conn.SetDeadline(deadline); err != nil {
		return false, err
	}
	if err := request.Write(c.conn); err != nil {
		return false, err
	}
	response, err := http.ReadResponse(c.reader, request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return false, err
	}
	if response.StatusCode != http.StatusOK {
		return !response.Close, statusError(response.StatusCode)
	}
	return !response.Close && !request.Close, nil
}

func (c *connection) close() {
	if c.tcp != nil {
		_ = c.conn.Close() // nothing is owed any more
		c.tcp = nil
	}
}

// alive says that the server has neither closed nor sent what nobody asked for, such as
// that it is about to close.
func alive(conn net.Conn) bool {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	open := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		open = n < 0 && errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && open
}
