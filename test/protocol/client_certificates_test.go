// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
)

// verifyingClients makes the listener HTTPS, and asks for certificates of the
// authorities, if there are any.
func verifyingClients(server certtest.Pair, authorities ...*certtest.CA) func(*config.Config) {
	return func(cfg *config.Config) {
		l := &cfg.Listeners[0]
		l.Protocol, l.TLS = config.HTTPS, &config.ListenerTLS{Certificates: []string{"server"}}
		cfg.Certificates = []config.Certificate{{ID: "server", Chain: string(server.Cert), Key: string(server.Key)}}
		cfg.CABundles = nil
		if len(authorities) == 0 {
			return
		}
		bundle := config.CABundle{ID: "clients"}
		for _, ca := range authorities {
			bundle.Certificates += string(ca.PEM)
		}
		cfg.CABundles = []config.CABundle{bundle}
		l.TLS.ClientValidation = &config.ClientValidation{CABundles: []string{bundle.ID}}
	}
}

// TestClientsWhoseTimeIsOver hold on to connections and sessions while the rule for
// clients changes under them. Once the push is answered, no request that they begin is
// served, however they send it; others lose nothing but connections.
func TestClientsWhoseTimeIsOver(t *testing.T) {
	ca, old := certtest.NewCA(t, "ca"), certtest.NewCA(t, "old")
	server := ca.Issue("server", "a.example")
	first := site(t, "127.0.0.1:1", verifyingClients(server))
	first.Routes[0].Rules = []config.Rule{static("served")}
	gw := newGateway(t, first)
	push := func(authorities ...*certtest.CA) {
		cfg := *first
		cfg.Listeners = slices.Clone(first.Listeners)
		verifyingClients(server, authorities...)(&cfg)
		gw.mustPush(t, http.MethodPut, config.PathConfig, &cfg)
	}
	for _, tt := range []struct {
		name    string
		present *certtest.Pair // of those whose time will be over
		before  []*certtest.CA
	}{
		{"verification is switched on", nil, nil},
		{"their authority goes", new(old.Issue("client")), []*certtest.CA{ca, old}},
	} {
		push(tt.before...)
		var pushing, pushed atomic.Bool
		var sent atomic.Int64
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for i := range 8 {
			transport := &http.Transport{
				ForceAttemptHTTP2: i%2 == 0,
				// Some make connections anew each time, and resume sessions.
				DisableKeepAlives: i%4 > 1,
				TLSClientConfig: &tls.Config{
					RootCAs: ca.Pool(), ServerName: "a.example", ClientSessionCache: tls.NewLRUClientSessionCache(1),
				},
			}
			if tt.present != nil {
				transport.TLSClientConfig.Certificates = []tls.Certificate{tt.present.TLS(t)}
			}
			client := &http.Client{Transport: transport, Timeout: patience}
			wg.Go(func() {
				defer transport.CloseIdleConnections()
				for {
					select {
					case <-stop:
						return
					default:
					}
					afterwards := pushed.Load()
					status, err := fetch(client, "https://"+gw.address)
					switch {
					case !pushing.Load() && (err != nil || status != http.StatusOK):
						t.Errorf("%s: before: %d, %v", tt.name, status, err)
					case afterwards && err == nil && status != http.StatusMisdirectedRequest:
						t.Errorf("%s: afterwards: %d", tt.name, status)
					}
					sent.Add(1)
				}
			})
		}
		await(t, "requests", func() bool { return sent.Load() > 200 })
		pushing.Store(true) // what is under way may end either way
		push(ca)
		pushed.Store(true)
		n := sent.Load()
		await(t, "requests that come too late", func() bool { return sent.Load() > n+200 })
		close(stop)
		wg.Wait()
	}
}

func fetch(client *http.Client, url string) (int, error) {
	res, err := client.Get(url)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}
