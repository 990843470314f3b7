// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// TestNoRequestIsLostToChanges sends requests while everything around them is
// changed all the time.
func TestNoRequestIsLostToChanges(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		hello := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }
		addresses := []string{serveFunc(t, hello), serveFunc(t, hello), serveFunc(t, hello)}
		cfg := func(n int) *config.Config {
			c := oneBackend(addresses[n%3], protocol)
			c.Backends[0].Endpoints = append(c.Backends[0].Endpoints, config.Endpoint{Address: addresses[(n+1)%3]})
			c.Backends = append(c.Backends, backendAt(fmt.Sprint("other", n), addresses[0], protocol))
			return c
		}
		gw := newGateway(t, cfg(0))
		count := 100
		if protocol == overTLS1 || protocol == overTLS2 {
			count = 25 // each costs a handshake or more
		}
		stop, answered := make(chan struct{}), make(chan struct{}, 4*count)
		var changes sync.WaitGroup
		changes.Go(func() {
			for n := 1; ; n++ {
				// Ten for an answer: more would leave a slow machine no time for handshakes.
				if n%10 == 0 {
					select {
					case <-stop:
						return
					case <-answered:
					}
				}
				gw.apply(t, cfg(n))
				if err := gw.engine.SetEndpoints([]config.BackendEndpoints{
					{ID: "app", Endpoints: []config.Endpoint{{Address: addresses[(n+2)%3]}, {Address: addresses[n%3], Draining: n%2 == 0}}},
				}); err != nil {
					t.Error(err)
				}
			}
		})
		var requests sync.WaitGroup
		for range 4 {
			requests.Go(func() {
				for range count {
					resp, err := client.Do(newRequest(t, http.MethodPost, gw.URL, nil))
					if err != nil {
						t.Error(err)
						return
					}
					body, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || string(body) != "hello" {
						t.Errorf("%s %q, %v", resp.Status, body, err)
					}
					answered <- struct{}{}
				}
			})
		}
		requests.Wait()
		close(stop)
		changes.Wait()
	})
}

func TestSetEndpointsOfUnknownBackend(t *testing.T) {
	gw := newGateway(t, oneBackend("127.0.0.1:1", config.BackendHTTP))
	err := gw.engine.SetEndpoints([]config.BackendEndpoints{{ID: "app"}, {ID: "gone"}})
	if got, want := fmt.Sprint(err), `gone: there is no backend "gone"`; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	// Nothing has changed: with no endpoints it would be 503.
	if got := get(t, newClient(t), gw.URL); got.StatusCode != http.StatusBadGateway {
		t.Error(got.Status)
	}
}

func TestDrainingAsksForNewConnections(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {})
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	client := newClient(t)
	for _, draining := range []bool{false, true, false} {
		gw.engine.SetDraining(draining)
		if got := get(t, client, gw.URL); got.Close != draining {
			t.Errorf("draining %v, Connection: close %v", draining, got.Close)
		}
	}
}

// TestWeights counts 500 requests of ten clients at once.
func TestWeights(t *testing.T) {
	counts := map[string]int{}
	var mu sync.Mutex
	count := func(name string) string {
		return serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			counts[name+r.Header.Get("X-Share")]++
		})
	}
	mark := []config.Filter{{RequestHeaders: &config.HeaderModifier{Set: []config.Header{{Name: "X-Share", Value: "+mark"}}}}}
	gw := newGateway(t, oneRule(config.Rule{Backends: []config.WeightedBackend{
		{Backend: "a", Weight: 7, Filters: mark}, {Backend: "b", Weight: 2}, {Backend: "c", Weight: 0}, {Weight: 1},
	}}, backendAt("a", count("a"), ""), backendAt("b", count("b"), ""), backendAt("c", count("c"), "")))
	client := newClient(t)
	var clients sync.WaitGroup
	for range 10 {
		clients.Go(func() {
			for range 50 {
				resp, err := client.Do(newRequest(t, http.MethodGet, gw.URL, nil))
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				if resp.StatusCode == http.StatusInternalServerError {
					mu.Lock()
					counts["invalid"]++
					mu.Unlock()
				}
			}
		})
	}
	clients.Wait()
	if got, want := fmt.Sprint(counts), "map[a+mark:350 b:100 invalid:50]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
