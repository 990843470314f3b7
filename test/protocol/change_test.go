// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/loopback"
)

// TestChangesInTheMiddleOfAnUpload take away, one by one, all that an upload
// depends on but its listener: it ends where it began, and the next request
// meets what is new.
func TestChangesInTheMiddleOfAnUpload(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*config.Config)
		want   int // of the next request
	}{
		"endpoint": {func(c *config.Config) { c.Backends[0].Endpoints = nil }, 503},
		"backend":  {func(c *config.Config) { c.Backends, c.Routes[0].Rules[0].Backends = nil, nil }, 500},
		"route":    {func(c *config.Config) { c.Routes = nil }, 404},
		"rule":     {func(c *config.Config) { c.Routes[0].Rules = []config.Rule{static("new")} }, 200},
		"protocol": {func(c *config.Config) { c.Backends[0].Protocol = config.BackendHTTP2 }, 502},
		"limits":   {limiting(config.Limits{MaxRequestBodyBytes: 1, MaxRequestHeaderBytes: 8192}), 200},
	} {
		t.Run(name, func(t *testing.T) {
			app := newRecorder(t)
			cfg := site(t, app.address)
			gw := newGateway(t, cfg)
			c := dial(t, gw.address)
			c.send("POST /upload HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
			inFlight(t, gw)
			next := *cfg
			next.Gateways, next.Backends = slices.Clone(cfg.Gateways), slices.Clone(cfg.Backends)
			next.Routes = slices.Clone(cfg.Routes)
			next.Routes[0].Rules = slices.Clone(cfg.Routes[0].Rules)
			tt.change(&next)
			gw.mustPush(t, http.MethodPut, config.PathConfig, &next)
			c.send("7\r\n, world\r\n0\r\n\r\n")
			if a := c.mustNext("POST"); a.body != "POST /upload HTTP/1.1|hello, world" {
				t.Errorf("%s %q", a.Status, a.body)
			}
			c.send(get)
			if a := c.mustNext("GET"); a.StatusCode != tt.want {
				t.Errorf("the next request: %s, want %d", a.Status, tt.want)
			}
			gw.mustPush(t, http.MethodPut, config.PathConfig, cfg)
			c = dial(t, gw.address)
			c.send(get)
			if a := c.mustNext("GET"); a.StatusCode != 200 {
				t.Errorf("after going back: %s", a.Status)
			}
		})
	}
}

// inFlight waits until a request is.
func inFlight(t *testing.T, gw *gateway) {
	t.Helper()
	await(t, "the request", func() bool {
		for name, value := range gw.scrape(t) {
			if strings.Contains(name, "in_flight") && value > 0 {
				return true
			}
		}
		return false
	})
}

// manyRoutes has n routes with a hostname and a path of their own.
func manyRoutes(t *testing.T, address string, n int) *config.Config {
	cfg := site(t, address)
	for i := range n {
		r := config.Route{
			ID:          fmt.Sprintf("HTTPRoute/test/r%d", i),
			Attachments: []config.Attachment{{Listener: listenerID, Hostnames: []string{fmt.Sprintf("h%d.example", i)}}},
			Rules: []config.Rule{{
				Matches:  []config.Match{{Path: &config.PathMatch{Type: config.Prefix, Value: fmt.Sprintf("/p%d", i)}}},
				Backends: []config.WeightedBackend{{Backend: backendID, Weight: 1}},
			}},
		}
		cfg.Routes = append(cfg.Routes, r)
	}
	return cfg
}

// TestThousandsOfRoutes are applied while a client that has nothing to do with
// them goes on. The times are for people to read.
func TestThousandsOfRoutes(t *testing.T) {
	const routes = 5000
	app := newRecorder(t)
	few := site(t, app.address)
	gw := newGateway(t, few)
	many := manyRoutes(t, app.address, routes)
	many.Listeners = few.Listeners
	before := gw.scrape(t)["process_resident_memory_bytes"]

	var took []time.Duration
	pushed, done := make(chan struct{}), make(chan struct{})
	c := dial(t, gw.address)
	go func() {
		defer close(done)
		for {
			select {
			case <-pushed:
				return
			default:
			}
			begin := time.Now()
			c.send(get)
			if a, err := c.next("GET"); err != nil || a.StatusCode != 200 {
				t.Errorf("while pushing: %v, %v", a.Response, err)
				return
			}
			took = append(took, time.Since(begin))
		}
	}()
	begin := time.Now()
	gw.mustPush(t, http.MethodPut, config.PathConfig, many)
	full := time.Since(begin)

	next := *many
	next.Version = gw.runtime.Status().Version
	changed := next.Routes[routes/2]
	changed.Created++
	begin = time.Now()
	gw.mustPush(t, http.MethodPatch, config.PathConfig, &config.Delta{
		Base: next.Version, Version: "next", Routes: &config.Changes[config.Route]{Set: []config.Route{changed}},
	})
	delta := time.Since(begin)
	close(pushed)
	<-done
	slices.Sort(took)
	after := gw.scrape(t)["process_resident_memory_bytes"]
	t.Logf("%d routes: PUT %v, PATCH of one %v, memory %+.0f MiB; meanwhile %d requests, median %v, longest %v",
		routes, full, delta, (after-before)/(1<<20), len(took), took[len(took)/2], took[len(took)-1])
	if longest := took[len(took)-1]; longest > 5*time.Second {
		t.Errorf("a request took %v while routes were applied", longest)
	}
	c = dial(t, gw.address)
	c.send("GET /p4999/x HTTP/1.1\r\nHost: h4999.example\r\n\r\n")
	if a := c.mustNext("GET"); a.body != "GET /p4999/x HTTP/1.1|" {
		t.Errorf("%s %q", a.Status, a.body)
	}
	gw.mustPush(t, http.MethodPut, config.PathConfig, few)
}

// TestAThousandListeners opens sockets and closes them.
func TestAThousandListeners(t *testing.T) {
	const n = 1000
	cfg := site(t, loopback.FreeAddress(t))
	cfg.Routes[0].Rules = []config.Rule{static("hello")}
	gw := newGateway(t, cfg)
	before := gw.scrape(t)

	many := *cfg
	var opened time.Duration
	for try := 0; ; try++ {
		many.Listeners, many.Routes = slices.Clone(cfg.Listeners), slices.Clone(cfg.Routes)
		many.Routes[0].Attachments = slices.Clone(cfg.Routes[0].Attachments)
		for i, address := range loopback.FreeAddresses(t, n) {
			id := fmt.Sprintf("test/web/l%d", i)
			many.Listeners = append(many.Listeners, config.Listener{ID: id, Gateway: "test/web", Protocol: config.HTTP, Port: 80, Address: address})
			many.Routes[0].Attachments = append(many.Routes[0].Attachments, config.Attachment{Listener: id})
		}
		begin := time.Now()
		code, body := gw.push(t, http.MethodPut, config.PathConfig, &many)
		opened = time.Since(begin)
		if code == http.StatusOK {
			break
		}
		// Another process may have taken a port meanwhile.
		if try == 3 || !strings.Contains(body, "address already in use") {
			t.Fatalf("%d %s", code, body)
		}
	}
	for _, l := range many.Listeners {
		c := dial(t, l.Address)
		c.send("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
		if a := c.mustNext("GET"); a.body != "hello" {
			t.Fatalf("%s: %s %q", l.Address, a.Status, a.body)
		}
		c.Close()
	}
	begin := time.Now()
	gw.mustPush(t, http.MethodPut, config.PathConfig, cfg)
	t.Logf("%d listeners: opened in %v, closed in %v", n, opened, time.Since(begin))
	gw.awaitNoMore(t, before)
	for _, l := range many.Listeners[1:] {
		if c, err := net.Dial("tcp", l.Address); err == nil {
			c.Close()
			t.Fatalf("%s is open", l.Address)
		}
	}
}

// TestStorm has clients that leave at all times, streams that are reset and a
// controller that pushes all the while. Afterwards nothing of it is left.
func TestStorm(t *testing.T) {
	app := newHolder(t)
	cfg := site(t, app.address)
	gw := newGateway(t, cfg)
	quiet := *cfg
	quiet.Routes = slices.Clone(cfg.Routes)
	quiet.Routes[0].Rules, quiet.Backends = []config.Rule{static("quiet")}, nil
	gw.mustPush(t, http.MethodPut, config.PathConfig, &quiet)
	before := gw.scrape(t)

	gw.mustPush(t, http.MethodPut, config.PathConfig, cfg)
	var wg sync.WaitGroup
	requests := []string{
		get, "GET /quick HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET / HTTP/1.1\r\nHo",
		"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
		"POST / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly",
	}
	for n := range 4 {
		wg.Go(func() {
			for i := range 100 {
				nc, err := net.Dial("tcp", gw.address)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = nc.Write([]byte(requests[(i+n)%len(requests)]))
				if i%2 == 0 {
					_ = nc.(*net.TCPConn).SetLinger(0)
				}
				if i%3 == 0 {
					time.Sleep(time.Duration(i%5) * time.Millisecond) // so that they leave at all times
				}
				nc.Close()
			}
		})
	}
	for i := range 30 {
		next := *cfg
		if i%3 == 0 {
			next = quiet
		}
		next.Version = fmt.Sprint("storm", i)
		gw.mustPush(t, http.MethodPut, config.PathConfig, &next)
		c := dialH2(t, gw.address)
		for range 5 {
			c.request(true, ":method", "GET", ":scheme", "http", ":authority", "a.example", ":path", "/")
		}
		c.Close()
	}
	wg.Wait()
	gw.mustPush(t, http.MethodPut, config.PathConfig, &quiet)
	gw.awaitNoMore(t, before)
}
