// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestForwardsBothWays(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t)
	g.mustApply(single(t, e.address()))
	c := newClient(t, g.address())
	for range 10 {
		if got := c.ask(); got != e.address() {
			t.Fatalf("%s has answered", got)
		}
	}
	if got := g.sessions(); got != 1 {
		t.Errorf("%d sessions", got)
	}
	length := len(e.address()) + 1 + len("hello")
	eventually(t, "all is counted", func() bool {
		return g.metric("udp_datagrams_total", routeID, "sent") == 10 && g.metric("udp_bytes_total", routeID, "sent") == float64(10*length)
	})
	if n, b := g.metric("udp_datagrams_total", routeID, "received"), g.metric("udp_bytes_total", routeID, "received"); n != 10 || b != 50 {
		t.Errorf("%v datagrams of %v bytes received", n, b)
	}
}

// From nothing to the most that UDP can carry over IPv4.
func TestSizes(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t)
	g.mustApply(single(t, e.address()))
	c := newClient(t, g.address())
	for _, size := range []int{0, 1, 1000, 1472, 1473, 9000, 32768, 65507} {
		want := payload(size)
		if size <= 1000 {
			want = e.address() + " " + want
		}
		c.send(payload(size))
		if got := c.read(); got != want {
			t.Errorf("of %d bytes %d came back", len(want), len(got))
		}
	}
}

// The endpoint may send what nobody has asked for, and any number of answers.
func TestEndpointsSpeakByThemselves(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	g := newGateway(t)
	g.mustApply(single(t, pc.LocalAddr().String()))
	c := newClient(t, g.address())
	c.send("subscribe")
	buf := make([]byte, 100)
	_, from, err := pc.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	const events = 3 * batchSize
	for i := range events {
		pc.WriteTo(fmt.Append(nil, i), from)
	}
	for i := range events {
		if got := c.read(); got != fmt.Sprint(i) {
			t.Fatalf("got %s instead of %d", got, i)
		}
	}
}

// Nobody but the endpoint reaches the client by the socket of its session.
func TestStrangersDoNotGetIn(t *testing.T) {
	endpoint, stranger := listenUDP(t), listenUDP(t)
	g := newGateway(t)
	g.mustApply(single(t, endpoint.LocalAddr().String()))
	c := newClient(t, g.address())
	c.send("hello")
	buf := make([]byte, 100)
	_, from, err := endpoint.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	stranger.WriteTo([]byte("forged"), from)
	endpoint.WriteTo([]byte("genuine"), from)
	if got := c.read(); got != "genuine" {
		t.Errorf("got %q", got)
	}
}

func listenUDP(t *testing.T) net.PacketConn {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	return pc
}

func TestClientsAtOnce(t *testing.T) {
	a, b := newEcho(t), newEcho(t)
	g := newGateway(t, func(o *Options) { o.readers = 4 })
	g.mustApply(single(t, a.address(), b.address()))
	var wg sync.WaitGroup
	for i := range 50 {
		c := newClient(t, g.address())
		wg.Go(func() {
			var endpoint string
			for j := range 50 {
				want := fmt.Sprint(i, j)
				c.send(want)
				who, got, _ := strings.Cut(c.read(), " ")
				if got != want {
					t.Errorf("%s got %s", want, got)
				}
				if endpoint != "" && who != endpoint {
					t.Errorf("%s answers a client of %s", who, endpoint)
				}
				endpoint = who
			}
		})
	}
	wg.Wait()
}

func hasIPv6() bool {
	pc, err := net.ListenPacket("udp", "[::1]:0")
	if err != nil {
		return false
	}
	pc.Close()
	return true
}

func TestIPv6(t *testing.T) {
	if !hasIPv6() {
		t.Skip("this machine has no IPv6")
	}
	e := newEchoAt(t, "[::1]:0")
	g := newGateway(t)
	cfg := single(t, e.address())
	cfg.Listeners[0].Address = freeAddress(t, "::1")
	g.mustApply(cfg)
	c := newClient(t, cfg.Listeners[0].Address)
	if got := c.ask(); got != e.address() {
		t.Errorf("%s has answered", got)
	}
}

// A socket for all addresses answers IPv4 and IPv6 clients from the address they wrote
// to, which the kernel would not choose for an answer to another address of loopback.
func TestAnswersComeFromTheAddressWrittenTo(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t, func(o *Options) { o.BindHost = "" })
	cfg := single(t, e.address())
	_, port, _ := net.SplitHostPort(cfg.Listeners[0].Address)
	for _, bind := range []string{":", "0.0.0.0:"} {
		cfg.Listeners[0].Address = bind + port
		g.mustApply(&config.Config{}) // the addresses overlap
		g.mustApply(cfg)
		for _, host := range []string{"127.0.0.1", "127.0.0.2", "127.9.9.9", "::1"} {
			if host == "::1" && (bind != ":" || !hasIPv6()) {
				continue
			}
			// A connected client takes answers from that address only.
			if got := newClient(t, net.JoinHostPort(host, port)).ask(); got != e.address() {
				t.Errorf("at %s %s has answered", host, got)
			}
		}
		// One client that writes to two addresses has two sessions.
		pc := listenUDP(t)
		for _, host := range []string{"127.0.0.1", "127.0.0.2"} {
			to, _ := net.ResolveUDPAddr("udp", net.JoinHostPort(host, port))
			pc.WriteTo([]byte("hello"), to)
			_, from, err := pc.ReadFrom(make([]byte, 100))
			if err != nil || from.String() != to.String() {
				t.Errorf("%v answers for %v, %v", from, to, err)
			}
		}
	}
}

// A name is looked up for each session, and what the client sends meanwhile is kept.
func TestEndpointsWithNames(t *testing.T) {
	e := newEcho(t)
	_, port, _ := net.SplitHostPort(e.address())
	g := newGateway(t)
	g.mustApply(single(t, "localhost:"+port))
	c := newClient(t, g.address())
	for range 5 {
		c.send("hello")
	}
	for range 5 {
		if got := c.read(); got != e.address()+" hello" {
			t.Errorf("got %q", got)
		}
	}
}
