// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/pki"
	"github.com/kubera-dev/kubera/test/contract"
	"github.com/kubera-dev/kubera/test/loopback"
)

// proxy is the control channel of a proxy, over mutual TLS, without a data plane.
type proxy struct {
	t      *testing.T
	server *http.Server
	ln     net.Listener

	mu     sync.Mutex
	files  map[string][]byte
	config *config.Config
	// refuse says why a configuration is not taken, nil to take it.
	refuse func(*config.Config) *config.Refusal
	// knows is the past revision that the proxy is of, which takes nothing else. nil:
	// it is of this one.
	knows     *contract.Revision
	questions int // how often it was asked what it runs
	// pushes that were received, as method and path.
	pushes []string
}

// startProxy listens at address, or at any that is free if that is empty.
func startProxy(t *testing.T, a *pki.Authority, address string) *proxy {
	t.Helper()
	p := &proxy{t: t, config: &config.Config{}}
	p.renew(a)
	if address == "" {
		address = loopback.FreeAddress(t) // where it can be started again
	}
	var err error
	var lc net.ListenConfig
	if p.ln, err = lc.Listen(t.Context(), "tcp", address); err != nil {
		t.Fatal(err)
	}
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	p.server = &http.Server{
		Handler: p, Protocols: &protocols, ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, GetConfigForClient: p.tlsConfig},
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.server.ServeTLS(p.ln, "", ""); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { p.stop(); <-done })
	return p
}

func (p *proxy) stop() { _ = p.server.Close() }

// renew gives the proxy a new certificate and the present bundle.
func (p *proxy) renew(a *pki.Authority) {
	p.t.Helper()
	files, err := a.IssueServer(testServerName, time.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files = files
}

func (p *proxy) tlsConfig(*tls.ClientHelloInfo) (*tls.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cert, err := tls.X509KeyPair(p.files[pki.KeyCertificate], p.files[pki.KeyPrivateKey])
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(p.files[pki.KeyBundle])
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}, Certificates: []tls.Certificate{cert},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}, nil
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.TLS.PeerCertificates[0].URIs[0].String() != pki.ControllerURI {
		http.Error(w, "who are you", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodGet {
		p.pushes = append(p.pushes, r.Method+" "+r.URL.Path)
	}
	body, err := io.ReadAll(r.Body)
	if err == nil && p.knows != nil && r.Method != http.MethodGet {
		err = p.knows.Check(map[string]string{
			"PUT " + config.PathConfig: "Config", "PATCH " + config.PathConfig: "Delta", "PATCH " + config.PathEndpoints: "EndpointsUpdate",
		}[r.Method+" "+r.URL.Path], body)
	}
	if err != nil {
		p.refuseWith(w, &config.Refusal{Message: err.Error()})
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET " + config.PathStatus:
		p.questions++
		p.answer(w, http.StatusOK)
	case "PUT " + config.PathConfig:
		c, err := config.Decode(bytes.NewReader(body))
		p.apply(w, c, err)
	case "PATCH " + config.PathConfig:
		d, err := config.DecodeDelta(bytes.NewReader(body))
		if err == nil && d.Base != p.config.Version {
			p.answer(w, http.StatusConflict)
			return
		}
		var c *config.Config
		if err == nil {
			c, err = p.config.Apply(d)
		}
		p.apply(w, c, err)
	case "PATCH " + config.PathEndpoints:
		u, err := config.DecodeEndpointsUpdate(bytes.NewReader(body))
		if err == nil && u.Base != p.config.Version {
			p.answer(w, http.StatusConflict)
			return
		}
		var c *config.Config
		if err == nil {
			c, err = p.config.WithEndpoints(u)
		}
		if err != nil {
			p.refuseWith(w, &config.Refusal{Message: err.Error()})
			return
		}
		p.config = c
		p.answer(w, http.StatusOK)
	default:
		http.NotFound(w, r)
	}
}

func (p *proxy) apply(w http.ResponseWriter, c *config.Config, err error) {
	if err != nil {
		p.refuseWith(w, &config.Refusal{Message: err.Error()})
		return
	}
	if p.refuse != nil {
		if refusal := p.refuse(c); refusal != nil {
			p.refuseWith(w, refusal)
			return
		}
	}
	p.config = c
	p.answer(w, http.StatusOK)
}

func (p *proxy) answer(w http.ResponseWriter, status int) {
	w.WriteHeader(status)
	s := config.Status{Version: p.config.Version}
	if p.knows == nil {
		s.Revision, s.Program = config.Revision, "v0.2.0"
	}
	if s.Version != "" {
		s.EndpointsVersion = config.EndpointsVersion(p.config)
	}
	_ = json.NewEncoder(w).Encode(s) // a client that is gone is no concern of a test
}

func (p *proxy) refuseWith(w http.ResponseWriter, refusal *config.Refusal) {
	w.WriteHeader(http.StatusUnprocessableEntity)
	_ = json.NewEncoder(w).Encode(refusal)
}

// runs is the configuration that the proxy has.
func (p *proxy) runs() *config.Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.config
}

func (p *proxy) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.questions
}

func (p *proxy) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.pushes, ", ")
}

func (p *proxy) setRefuse(refuse func(*config.Config) *config.Refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never came true: %s", what)
		}
	}
}
