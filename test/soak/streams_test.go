// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/test/certtest"
)

// serveStreams serves connections and datagrams until the test ends.
func (b *backends) serveStreams(t *testing.T, last time.Duration) {
	t.Helper()
	echo := func(c net.Conn) { _, _ = io.Copy(c, c) }
	for range 3 {
		b.tcp = append(b.tcp, accept(t, echo, nil))
		b.udp = append(b.udp, echoDatagrams(t))
	}
	pair := certtest.NewCA(t, "backend").Issue(passHost, passHost).TLS(t)
	b.tls = accept(t, func(c net.Conn) {
		pace(t.Context(), last, func(part, parts int64) error {
			_, err := io.CopyN(c, zeros{}, b.size*(part+1)/parts-b.size*part/parts)
			return err
		})
	}, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
}

// accept serves connections, with TLS if there is a configuration, and closes them
// when the test ends. It returns the address.
func accept(t *testing.T, serve func(net.Conn), cfg *tls.Config) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	if cfg != nil {
		ln = tls.NewListener(ln, cfg)
	}
	var running sync.WaitGroup
	var open sync.Map
	running.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			open.Store(c, nil)
			running.Go(func() {
				defer c.Close()
				serve(c)
				open.Delete(c)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		open.Range(func(c, _ any) bool { return c.(net.Conn).Close() == nil || true })
		running.Wait()
	})
	return address
}

// echoDatagrams answers each datagram with the address that answers and the datagram.
func echoDatagrams(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := conn.LocalAddr().String()
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, client, err := conn.ReadFrom(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				_, _ = conn.WriteTo(fmt.Appendf(nil, "%s %s", address, buf[:n]), client)
			}
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return address
}

// connection keeps one connection through the TCP listener and counts the echoes.
func (s *site) connection(ctx context.Context) (int64, error) {
	c, err := net.Dial("tcp", s.tcp)
	if err != nil {
		return 0, err
	}
	return echoes(ctx, c)
}

// terminated does the same through the TLS listener that terminates.
func (s *site) terminated(ctx context.Context) (int64, error) {
	c, err := tls.Dial("tcp", s.https, &tls.Config{ServerName: termHost, RootCAs: s.tlsCA.Pool(), MinVersion: tls.VersionTLS12})
	if err != nil {
		return 0, err
	}
	return echoes(ctx, c)
}

func echoes(ctx context.Context, c net.Conn) (int64, error) {
	defer c.Close()
	for n := int64(0); ; n++ {
		if ended(ctx, 10*time.Millisecond) {
			return n, nil
		}
		text := strconv.AppendInt(nil, n, 10)
		if _, err := c.Write(text); err != nil {
			return n, err
		}
		echo := make([]byte, len(text))
		if _, err := io.ReadFull(c, echo); err != nil {
			return n, err
		}
		if string(echo) != string(text) {
			return n, fmt.Errorf("sent %q, got %q", text, echo)
		}
	}
}

// passthrough counts the bytes of one download in TLS that the proxy passes through.
func (s *site) passthrough(context.Context) (int64, error) {
	c, err := tls.Dial("tcp", s.https, &tls.Config{ServerName: passHost, InsecureSkipVerify: true}) //nolint:gosec // Who it is is not the matter here.
	if err != nil {
		return 0, err
	}
	defer c.Close()
	n, err := io.Copy(io.Discard, c)
	if err == nil && n != s.backends.size {
		err = fmt.Errorf("got %d bytes of %d", n, s.backends.size)
	}
	return n, err
}

// session sends datagrams from one port and counts the answers, all of which must
// come from the same endpoint.
func (s *site) session(ctx context.Context) (int64, error) {
	c, err := net.Dial("udp", s.udp)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	buf := make([]byte, 1500)
	first := ""
	for n := int64(0); ; n++ {
		if ended(ctx, 10*time.Millisecond) {
			return n, nil
		}
		if _, err := fmt.Fprint(c, n); err != nil {
			return n, err
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		size, err := c.Read(buf)
		if err != nil {
			return n, err
		}
		var endpoint string
		var echo int64
		if _, err := fmt.Sscan(string(buf[:size]), &endpoint, &echo); err != nil || echo != n {
			return n, fmt.Errorf("sent %d, got %q", n, buf[:size])
		}
		if first == "" {
			first = endpoint
		}
		if endpoint != first {
			return n, fmt.Errorf("%s answered, and %s before", endpoint, first)
		}
	}
}
