// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/loopback"
)

const (
	udpListenerID = "test/web/dns"
	udpRouteID    = "UDPRoute/test/dns"
	udpBackendID  = "Service/test/dns/53/UDP"
)

// dnsSite forwards datagrams to endpoints, besides what site does.
func dnsSite(t *testing.T, endpoints ...string) *config.Config {
	t.Helper()
	return site(t, "127.0.0.1:9", func(c *config.Config) {
		c.Listeners = append(c.Listeners, config.Listener{
			ID: udpListenerID, Gateway: "test/web", Protocol: config.UDP, Port: 53, Address: loopback.FreeAddress(t),
		})
		c.Routes = append(c.Routes, config.Route{
			ID: udpRouteID, Protocol: config.RouteUDP,
			Attachments: []config.Attachment{{Listener: udpListenerID}},
			Rules:       []config.Rule{{Backends: []config.WeightedBackend{{Backend: udpBackendID, Weight: 1}}}},
		})
		c.Backends = append(c.Backends, config.Backend{ID: udpBackendID, Endpoints: addresses(endpoints...)})
	})
}

func addresses(list ...string) (endpoints []config.Endpoint) {
	for _, a := range list {
		endpoints = append(endpoints, config.Endpoint{Address: a})
	}
	return endpoints
}

// namedEcho answers with its own address and what it got. It returns the address.
func namedEcho(t *testing.T, host string) string {
	t.Helper()
	pc, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 65535)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			pc.WriteTo(append([]byte(pc.LocalAddr().String()+" "), buf[:n]...), from)
		}
	}()
	t.Cleanup(func() {
		pc.Close()
		<-done
	})
	return pc.LocalAddr().String()
}

func dialUDP(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// askUDP sends a payload and returns the endpoint that has sent it back.
func askUDP(t *testing.T, c net.Conn, payload []byte) string {
	t.Helper()
	if _, err := c.Write(payload); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, 65535)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, rest, _ := bytes.Cut(buf[:n], []byte(" "))
	if !bytes.Equal(rest, payload) {
		t.Fatalf("of %d bytes %d came back", len(payload), len(rest))
	}
	return string(endpoint)
}

func TestDatagramsThere(t *testing.T) {
	v4 := namedEcho(t, "127.0.0.1")
	other := "::1"
	if pc, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
		other = "127.0.0.2" // this machine has no IPv6
	} else {
		pc.Close()
	}
	v6 := namedEcho(t, other)
	cfg := dnsSite(t, v4)
	g := newGateway(t, cfg)
	c := dialUDP(t, cfg.Listeners[1].Address)
	for _, size := range []int{0, 1, 1400, 9000, 65000} {
		if got := askUDP(t, c, bytes.Repeat([]byte("x"), size)); got != v4 {
			t.Errorf("%d bytes: %s has answered", size, got)
		}
	}
	// From IPv4 to IPv6.
	update := config.EndpointsUpdate{Base: g.runtime.Status().Version, Backends: []config.BackendEndpoints{{ID: udpBackendID, Endpoints: addresses(v6)}}}
	if status, body := g.push(t, http.MethodPatch, config.PathEndpoints, update); status != http.StatusOK {
		t.Fatal(status, body)
	}
	if got := askUDP(t, c, []byte("hello")); got != v6 {
		t.Errorf("%s has answered after the endpoint has left", got)
	}
}

// A session knows nothing of what changes around it.
func TestDatagramsWhileEverythingChanges(t *testing.T) {
	a, b := namedEcho(t, "127.0.0.1"), namedEcho(t, "127.0.0.1")
	cfg := dnsSite(t, a, b)
	g := newGateway(t, cfg)
	clients := make([]net.Conn, 20)
	endpoints := make([]string, len(clients))
	for i := range clients {
		clients[i] = dialUDP(t, cfg.Listeners[1].Address)
		endpoints[i] = askUDP(t, clients[i], []byte("hello"))
	}
	fresh := loopback.FreeAddresses(t, 1)[0]
	for i := range 50 {
		next := *cfg
		next.Version = ""
		next.Routes = append([]config.Route{}, cfg.Routes...)
		next.Routes[1].Created = int64(i)
		next.Routes[1].Rules = []config.Rule{{Backends: []config.WeightedBackend{{Backend: udpBackendID, Weight: int32(i + 1)}, {Weight: int32(i)}}}}
		next.Listeners = append([]config.Listener{}, cfg.Listeners...)
		if i%2 == 1 {
			more := cfg.Listeners[1]
			more.ID, more.Address = "test/web/more", fresh
			next.Listeners = append(next.Listeners, more)
		}
		if status, body := g.push(t, http.MethodPut, config.PathConfig, &next); status != http.StatusOK {
			t.Fatal(status, body)
		}
		update := config.EndpointsUpdate{Base: g.runtime.Status().Version, Backends: []config.BackendEndpoints{{
			ID: udpBackendID, Endpoints: addresses(b, a, fmt.Sprintf("127.0.0.1:%d", i+1)),
		}}}
		if status, body := g.push(t, http.MethodPatch, config.PathEndpoints, update); status != http.StatusOK {
			t.Fatal(status, body)
		}
		for j, c := range clients {
			if got := askUDP(t, c, []byte("hello")); got != endpoints[j] {
				t.Fatalf("after %d changes %s answers client %d of %s", i+1, got, j, endpoints[j])
			}
		}
	}
}

// Idle sessions and those that give way to others are begun again when they are needed.
func TestDatagramSessionsAreBounded(t *testing.T) {
	echo := namedEcho(t, "127.0.0.1")
	cfg := dnsSite(t, echo)
	limiting(config.Limits{MaxUDPSessions: 3, UDPIdleTimeout: config.Duration(time.Second)})(cfg)
	g := newGateway(t, cfg)
	const sessions = `kubera_proxy_udp_sessions{gateway="test/web",listener="` + udpListenerID + `",route="` + udpRouteID + `"}`
	for range 2 {
		for range 10 {
			if got := askUDP(t, dialUDP(t, cfg.Listeners[1].Address), []byte("hello")); got != echo {
				t.Errorf("%s has answered", got)
			}
			if n := g.scrape(t)[sessions]; n > 3 {
				t.Errorf("%v sessions", n)
			}
		}
		await(t, "idle sessions to end", func() bool { return g.scrape(t)[sessions] == 0 })
	}
}

func TestDatagramPortInUse(t *testing.T) {
	echo := namedEcho(t, "127.0.0.1")
	cfg := dnsSite(t, echo)
	g := newGateway(t, cfg)
	c := dialUDP(t, cfg.Listeners[1].Address)
	askUDP(t, c, []byte("hello"))
	next := *cfg
	next.Version, next.Routes = "", nil
	next.Listeners = append([]config.Listener{{
		ID: "test/web/taken", Gateway: "test/web", Protocol: config.UDP, Port: 53, Address: echo,
	}}, cfg.Listeners...)
	status, body := g.push(t, http.MethodPut, config.PathConfig, &next)
	if status != http.StatusUnprocessableEntity || !bytes.Contains([]byte(body), []byte(`"object":"test/web/taken","field":"address"`)) {
		t.Errorf("got %d %s", status, body)
	}
	if got := askUDP(t, c, []byte("hello")); got != echo {
		t.Errorf("%s has answered after a refusal", got)
	}
}
