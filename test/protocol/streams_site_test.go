// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// streams is a Gateway with a port for TCP, and one for HTTPS and both modes of TLS.
type streams struct {
	*gateway
	cfg      *config.Config
	ca       *certtest.CA
	tcp, tls string // addresses
}

const (
	webName  = "www.a.test"  // HTTPS
	termName = "term.a.test" // TLS that is terminated
	passName = "pass.b.test" // TLS that passes through

	tcpListener, webListener   = "test/web/tcp", "test/web/https"
	termListener, passListener = "test/web/term", "test/web/pass"
)

// newStreams serves two backends by each listener: named "a" and "b", and one for HTTPS.
func newStreams(t *testing.T, change ...func(*config.Config)) *streams {
	t.Helper()
	ca := certtest.NewCA(t, "test")
	addresses := loopback.FreeAddresses(t, 2)
	s := &streams{ca: ca, tcp: addresses[0], tls: addresses[1]}
	pair := ca.Issue("a", webName, termName)
	listener := func(id string, protocol config.Protocol, address, hostname string, l *config.ListenerTLS) config.Listener {
		return config.Listener{ID: id, Gateway: "test/web", Protocol: protocol, Port: 443, Address: address, Hostname: hostname, TLS: l}
	}
	terminate := &config.ListenerTLS{Certificates: []string{"cert"}}
	web := newRecorder(t)
	s.cfg = &config.Config{
		Gateways: []config.Gateway{{ID: "test/web"}},
		Listeners: []config.Listener{
			listener(tcpListener, config.TCP, s.tcp, "", nil),
			listener(webListener, config.HTTPS, s.tls, webName, terminate),
			listener(termListener, config.TLS, s.tls, "*.a.test", terminate),
			listener(passListener, config.TLS, s.tls, "", &config.ListenerTLS{Mode: config.TLSPassthrough}),
		},
		Certificates: []config.Certificate{{ID: "cert", Chain: string(pair.Cert), Key: string(pair.Key)}},
		Routes: []config.Route{
			streamRoute(config.RouteTCP, tcpListener, "a"),
			streamRoute(config.RouteTLS, termListener, "a"),
			streamRoute(config.RouteTLS, passListener, "secure"),
			{
				ID: routeID, Attachments: []config.Attachment{{Listener: webListener}},
				Rules: []config.Rule{{Backends: []config.WeightedBackend{{Backend: "web", Weight: 1}}}},
			},
		},
		Backends: []config.Backend{
			backendOf("a", echoing(t, "a", nil)), backendOf("b", echoing(t, "b", nil)), backendOf("web", web.address),
			backendOf("secure", echoing(t, "secure", &tls.Config{Certificates: []tls.Certificate{ca.Issue("b", passName).TLS(t)}})),
		},
	}
	for _, f := range change {
		f(s.cfg)
	}
	s.gateway = newGateway(t, s.cfg)
	return s
}

func streamRoute(protocol config.RouteProtocol, listener string, backends ...string) config.Route {
	r := config.Route{
		ID: "Route/" + listener, Protocol: protocol, Rules: make([]config.Rule, 1),
		Attachments: []config.Attachment{{Listener: listener}},
	}
	for _, id := range backends {
		r.Rules[0].Backends = append(r.Rules[0].Backends, config.WeightedBackend{Backend: id, Weight: 1})
	}
	return r
}

func backendOf(id, address string) config.Backend {
	return config.Backend{ID: id, Endpoints: []config.Endpoint{{Address: address}}}
}

// apply serves what change makes of the configuration, which stays as it is.
func (s *streams) apply(t *testing.T, change func(*config.Config)) {
	t.Helper()
	next := *s.cfg
	next.Version = ""
	next.Routes = append([]config.Route(nil), s.cfg.Routes...)
	next.Listeners = append([]config.Listener(nil), s.cfg.Listeners...)
	next.Backends = append([]config.Backend(nil), s.cfg.Backends...)
	change(&next)
	if err := s.runtime.Apply(t.Context(), &next); err != nil {
		t.Fatal(err)
	}
}

// echoing says its name, and then what it hears; over TLS if there is a configuration.
func echoing(t *testing.T, name string, secure *tls.Config) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				if secure != nil {
					c = tls.Server(c, secure)
				}
				io.WriteString(c, name+"\n")
				if _, err := io.Copy(c, c); err == nil {
					c.(interface{ CloseWrite() error }).CloseWrite()
				}
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		all.Wait()
	})
	return ln.Addr().String()
}

// speaker is a connection that ends in both ways.
type speaker interface {
	net.Conn
	CloseWrite() error
}

// open connects by each of the ways of streams: tcp, term or pass.
func (s *streams) open(t *testing.T, way string) speaker {
	t.Helper()
	c, err := s.dial(t, way)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// outcome connects and returns what comes of it: nil if it is served. A reset may come
// before the system says that there is a connection.
func (s *streams) outcome(t *testing.T, way string) error {
	t.Helper()
	c, err := s.dial(t, way)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Read(make([]byte, 1))
	return err
}

func (s *streams) dial(t *testing.T, way string) (speaker, error) {
	address := s.tls
	if way == "tcp" {
		address = s.tcp
	}
	nc, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	if way == "tcp" {
		return nc.(*net.TCPConn), nil
	}
	name := map[string]string{"term": termName, "pass": passName}[way]
	return tls.Client(nc, &tls.Config{RootCAs: s.ca.Pool(), ServerName: name}), nil
}

// greetings are what each way hears first.
var greetings = map[string]string{"tcp": "a\n", "term": "a\n", "pass": "secure\n"}

func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	if n, err := io.ReadFull(c, buf); err != nil || string(buf) != want {
		t.Fatalf("heard %q, %v; want %q", buf[:n], err, want)
	}
}

// talk sends something and hears it.
func talk(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	hear(t, c, text)
}

func hearEnd(t *testing.T, c net.Conn, want error) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, want) {
		t.Fatalf("heard %d bytes, %v; want %v", n, err, want)
	}
}
