// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/runtime"
)

// fetchHTTPS asks for something by HTTPS, and returns the status.
func (s *streams) fetchHTTPS(t *testing.T) int {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.ca.Pool(), ServerName: webName}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.tls)
		},
	}
	defer transport.CloseIdleConnections()
	status, err := fetch(&http.Client{Transport: transport, Timeout: patience}, "https://"+webName+"/")
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// Bytes go both ways, and so does their end, beside HTTPS on the same port.
func TestStreams(t *testing.T) {
	s := newStreams(t)
	for way, greeting := range greetings {
		t.Run(way, func(t *testing.T) {
			c := s.open(t, way)
			hear(t, c, greeting)
			talk(t, c, "small")
			var wg sync.WaitGroup
			big := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
			wg.Go(func() {
				if _, err := c.Write(big); err != nil {
					t.Error(err)
				}
				if err := c.CloseWrite(); err != nil {
					t.Error(err)
				}
			})
			got, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(got, big) {
				t.Errorf("heard %d bytes, %v", len(got), err)
			}
			wg.Wait()
		})
	}
	if status := s.fetchHTTPS(t); status != http.StatusOK {
		t.Errorf("HTTPS: %d", status)
	}
}

// Half of the references of each route is invalid: each second connection is reset.
func TestStreamsToInvalidShares(t *testing.T) {
	s := newStreams(t, func(cfg *config.Config) {
		for i := range 3 {
			rule := &cfg.Routes[i].Rules[0]
			rule.Backends = append(rule.Backends, config.WeightedBackend{Weight: 1})
		}
	})
	for way := range greetings {
		served := 0
		for range 10 {
			switch err := s.outcome(t, way); {
			case err == nil:
				served++
			case !errors.Is(err, syscall.ECONNRESET):
				t.Errorf("%s: %v", way, err)
			}
		}
		if served != 5 {
			t.Errorf("%s: %d of 10 were served", way, served)
		}
	}
}

// Connections go on whatever is changed but their listener; new ones follow the change.
func TestStreamsOutliveChanges(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"another backend": func(cfg *config.Config) {
			cfg.Routes[0] = streamRoute(config.RouteTCP, tcpListener, "b")
			cfg.Routes[1] = streamRoute(config.RouteTLS, termListener, "b")
			cfg.Routes[2] = streamRoute(config.RouteTLS, passListener, "b")
		},
		"no routes":    func(cfg *config.Config) { cfg.Routes = nil },
		"no backends":  func(cfg *config.Config) { cfg.Routes, cfg.Backends = nil, nil },
		"no endpoints": func(cfg *config.Config) { cfg.Backends[0].Endpoints, cfg.Backends[3].Endpoints = nil, nil },
		"another listener": func(cfg *config.Config) {
			more := cfg.Listeners[3]
			more.ID, more.Hostname = "test/web/more", "more.test"
			cfg.Listeners = append(cfg.Listeners, more)
		},
		"less listeners": func(cfg *config.Config) {
			cfg.Listeners = append(cfg.Listeners[:1:1], cfg.Listeners[2:]...) // without HTTPS
			cfg.Routes = cfg.Routes[:3]
		},
		"limits": func(cfg *config.Config) {
			cfg.Gateways = []config.Gateway{{ID: "test/web", Limits: &config.Limits{RequestHeaderTimeout: config.Duration(time.Minute)}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStreams(t)
			open := map[string]speaker{}
			for way, greeting := range greetings {
				open[way] = s.open(t, way)
				hear(t, open[way], greeting)
			}
			s.apply(t, change)
			for _, c := range open {
				talk(t, c, "still here")
			}
			s.apply(t, func(*config.Config) {})
			for way, c := range open {
				talk(t, c, "and here")
				if err := c.CloseWrite(); err != nil {
					t.Error(err)
				}
				hearEnd(t, c, io.EOF)
				hear(t, s.open(t, way), greetings[way])
			}
		})
	}
}

func TestStreamsFollowChanges(t *testing.T) {
	s := newStreams(t)
	s.apply(t, func(cfg *config.Config) { cfg.Routes[0] = streamRoute(config.RouteTCP, tcpListener, "b") })
	hear(t, s.open(t, "tcp"), "b\n")
	update := config.EndpointsUpdate{Base: s.runtime.Config().Version, Backends: []config.BackendEndpoints{{ID: "b", Endpoints: s.cfg.Backends[0].Endpoints}}}
	if err := s.runtime.ApplyEndpoints(t.Context(), &update); err != nil {
		t.Fatal(err)
	}
	hear(t, s.open(t, "tcp"), "a\n")
	s.apply(t, func(cfg *config.Config) { cfg.Backends[0].Endpoints = nil })
	if err := s.outcome(t, "tcp"); !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	s.apply(t, func(cfg *config.Config) { cfg.Routes = cfg.Routes[1:] })
	hearEnd(t, s.open(t, "tcp"), io.EOF)
}

// The connections of a listener that is gone have the close timeout (a second here), and
// are cut then.
func TestStreamsOfAListenerThatIsGone(t *testing.T) {
	s := newStreams(t)
	open := map[string]speaker{}
	for way, greeting := range greetings {
		open[way] = s.open(t, way)
		hear(t, open[way], greeting)
	}
	s.apply(t, func(cfg *config.Config) {
		cfg.Listeners = cfg.Listeners[1:2] // HTTPS
		cfg.Routes = cfg.Routes[3:]
	})
	for way, c := range open {
		talk(t, c, "time to go")
		if way == "tcp" {
			c.CloseWrite()
			hearEnd(t, c, io.EOF)
		}
	}
	for _, way := range []string{"term", "pass"} {
		hearEnd(t, open[way], syscall.ECONNRESET)
	}
	if status := s.fetchHTTPS(t); status != http.StatusOK {
		t.Errorf("HTTPS: %d", status)
	}
}

// Draining gives connections the time that requests have, and cuts what is left.
func TestDrainOfStreams(t *testing.T) {
	s := newStreams(t)
	ends, stays := s.open(t, "term"), s.open(t, "tcp")
	hear(t, ends, "a\n")
	hear(t, stays, "a\n")
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		s.runtime.Drain(t.Context(), runtime.Drain{Timeout: 2 * time.Second})
	}()
	await(t, "the sockets to close", func() bool {
		c, err := net.Dial("tcp", s.tcp)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	talk(t, ends, "last words")
	talk(t, stays, "more words")
	if err := ends.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	hearEnd(t, ends, io.EOF)
	hearEnd(t, stays, syscall.ECONNRESET)
	<-drained
}

// With nothing open any more draining is over at once.
func TestDrainEndsWithTheLastStream(t *testing.T) {
	s := newStreams(t)
	c := s.open(t, "pass")
	hear(t, c, "secure\n")
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		s.runtime.Drain(t.Context(), runtime.Drain{Timeout: time.Hour})
	}()
	await(t, "draining", func() bool { return s.runtime.Ready() != nil })
	talk(t, c, "bye")
	select {
	case <-drained:
		t.Fatal("drained while a connection is open")
	default:
	}
	c.CloseWrite()
	hearEnd(t, c, io.EOF)
	c.Close() // what passes through ends as TCP does
	select {
	case <-drained:
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
}
