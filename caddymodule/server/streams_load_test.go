// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// exchanged opens a connection, and has the handler say something.
func exchanged(address string, client *tls.Config) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	if client != nil {
		c = tls.Client(c, client)
	}
	if _, err := io.WriteString(c, "hello"); err != nil {
		return err
	}
	_, err = io.ReadFull(c, make([]byte, len("hello")))
	return err
}

// TestConnectionsAreNotLostWhileConfigurationsChange: neither those of TLS and TCP
// listeners, nor the requests to the HTTPS listeners that share their address from one
// moment to the next.
func TestConnectionsAreNotLostWhileConfigurationsChange(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	tcpAddress, tlsAddress, sometimes := loopback.FreeAddress(t), loopback.FreeAddress(t), loopback.FreeAddress(t)
	answer := backend(t, ca)
	s := newStreamSet(t, 0, func(ctx context.Context, c *stream.Conn) {
		if c.Listener == "test/gw/wild" {
			answer(ctx, c)
			return
		}
		rw := through(c)
		_, _ = io.Copy(rw, rw)
	})
	pair := ca.Issue("https", "exact.example.com")
	build := func(n int) *config.Config {
		cfg := mixed(tlsAddress, ca)
		cfg.Certificates[0] = certificate("https", pair)
		cfg.Listeners = append(cfg.Listeners, tcpConfig(tcpAddress).Listeners...)
		cfg.Gateways[0].Limits = &config.Limits{MaxRequestHeaderBytes: 8192 + n/2}
		cfg.Listeners = append(cfg.Listeners, httpsListener("sometimes", sometimes, "", "https"))
		if n%2 == 0 {
			cfg.Listeners = append(cfg.Listeners, tlsListener("beside", sometimes, "other.test"))
		}
		return cfg
	}
	apply(t, s, build(0))
	stop := make(chan struct{})
	var done atomic.Int64
	var wg sync.WaitGroup
	work := func(what string, do func() error) {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := do(); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				done.Add(1)
			}
		})
	}
	secure := func(sni string) *tls.Config { return &tls.Config{ServerName: sni, InsecureSkipVerify: true} }
	https := newClient(t, secure("exact.example.com"), nil)
	work("TCP", func() error { return exchanged(tcpAddress, nil) })
	work("passthrough", func() error { return exchanged(tlsAddress, secure("some.example.com")) })
	work("terminated", func() error { return exchanged(tlsAddress, secure("a.deep.example.com")) })
	for _, address := range []string{tlsAddress, sometimes} {
		work("HTTPS", func() error {
			defer https.CloseIdleConnections()
			_, err := get(https, "https://"+address)
			return err
		})
	}
	for n := range 30 {
		apply(t, s, build(n))
		before := done.Load()
		eventually(t, "something goes on", func() bool { return done.Load() > before+2 })
	}
	close(stop)
	wg.Wait()
}

// BenchmarkConnection opens a connection, says something and closes it: what a socket
// with TLS listeners costs those of HTTPS, and what a connection of each kind costs.
func BenchmarkConnection(b *testing.B) {
	ca := certtest.NewCA(b, "ca")
	run := func(name string, cfg *config.Config, address string, do func() error) {
		b.Run(name, func(b *testing.B) {
			s := New(Options{Handler: answerNothing, Streams: streamFunc(func(_ context.Context, c *stream.Conn) {
				rw := through(c)
				_, _ = io.Copy(rw, rw)
			}), Logger: zap.NewNop()})
			defer s.Close()
			apply(b, s, cfg)
			b.ReportAllocs()
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	address := loopback.FreeAddress(b)
	secure := func(sni string) *tls.Config { return &tls.Config{ServerName: sni, InsecureSkipVerify: true} }
	request := func() error {
		c, err := tls.Dial("tcp", address, secure("exact.example.com"))
		if err != nil {
			return err
		}
		defer c.Close()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: exact.example.com\r\nConnection: close\r\n\r\n")
		_, err = io.Copy(io.Discard, c)
		return err
	}
	all := mixed(address, ca)
	alone := mixed(address, ca)
	alone.Listeners = alone.Listeners[:1]
	run("HTTPS", alone, address, request)
	run("HTTPS beside TLS", all, address, request)
	run("TCP", tcpConfig(address), address, func() error { return exchanged(address, nil) })
	run("terminated", all, address, func() error { return exchanged(address, secure("a.deep.example.com")) })
	hello := clientHello(b, "some.example.com")
	run("passthrough", all, address, func() error {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Write(hello); err != nil {
			return err
		}
		_, err = io.ReadFull(c, make([]byte, len(hello)))
		return err
	})
}

// BenchmarkIdleConnections reports what one costs in memory while nothing is sent, the
// client's half included.
func BenchmarkIdleConnections(b *testing.B) {
	const n = 1000
	ca := certtest.NewCA(b, "ca")
	address := loopback.FreeAddress(b)
	hello := clientHello(b, "some.example.com")
	for name, kind := range map[string]struct {
		cfg  *config.Config
		send func(net.Conn) error
	}{
		"TCP":         {tcpConfig(address), func(net.Conn) error { return nil }},
		"passthrough": {mixed(address, ca), func(c net.Conn) error { _, err := c.Write(hello); return err }},
	} {
		b.Run(name, func(b *testing.B) {
			var serving atomic.Int32
			s := New(Options{Handler: answerNothing, Streams: streamFunc(func(_ context.Context, c *stream.Conn) {
				c.Prefix = nil
				serving.Add(1)
				defer serving.Add(-1)
				_, _ = c.TCP.Read(make([]byte, 1))
			}), Logger: zap.NewNop()})
			defer s.Close()
			apply(b, s, kind.cfg)
			for b.Loop() {
				before := inUse()
				conns := make([]net.Conn, n)
				for i := range conns {
					conns[i] = dial(b, address)
					if err := kind.send(conns[i]); err != nil {
						b.Fatal(err)
					}
				}
				eventually(b, "all are served", func() bool { return serving.Load() == n })
				b.ReportMetric(float64(inUse()-before)/n, "B/conn")
				for _, c := range conns {
					c.Close()
				}
				eventually(b, "none is", func() bool { return serving.Load() == 0 })
			}
		})
	}
}

func answerNothing(string) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
}

func inUse() int64 {
	for range 3 { // stacks shrink by half each time
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
