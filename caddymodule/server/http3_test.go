// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/quic-go/quic-go/http3"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// http3Config has an HTTPS listener that serves HTTP/3, too.
func http3Config(ca *certtest.CA, address string) *config.Config {
	cfg := plain()
	cfg.Gateways[0].HTTP3 = true
	cfg.Listeners = []config.Listener{httpsListener("web", address, "", "cert")}
	cfg.Certificates = []config.Certificate{certificate("cert", ca.Issue("a.example", "a.example"))}
	return cfg
}

// servesHTTP3 says whether a request gets an answer over HTTP/3.
func servesHTTP3(ca *certtest.CA, address string) bool {
	transport := &http3.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), ServerName: "a.example"}}
	defer transport.Close()
	resp, err := (&http.Client{Transport: transport}).Get("https://" + address)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return err == nil && resp.ProtoMajor == 3 && string(body) == "hello"
}

// TestHTTP3LeavesPortsToUDPListeners, and gets them back if a configuration with such a
// listener is not served after all.
func TestHTTP3LeavesPortsToUDPListeners(t *testing.T) {
	ca, address := certtest.NewCA(t, "ca"), loopback.FreeAddress(t)
	s := newSet(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	apply(t, s, http3Config(ca, address))
	if !servesHTTP3(ca, address) {
		t.Fatal("there is no HTTP/3")
	}

	withUDP := http3Config(ca, address)
	withUDP.Listeners = append(withUDP.Listeners, config.Listener{
		ID: "udp", Gateway: withUDP.Gateways[0].ID, Protocol: config.UDP, Port: 53, Address: address,
	})
	change, err := s.Prepare(withUDP)
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatalf("the port is not there for the UDP listener: %v", err)
	}
	udp.Close()
	change.Abort()
	eventually(t, "HTTP/3 is back", func() bool { return servesHTTP3(ca, address) })

	apply(t, s, withUDP)
	if s.sockets[address].http3.Load() != nil {
		t.Error("HTTP/3 is served beside a UDP listener")
	}
	if udp, err = net.ListenPacket("udp", address); err != nil {
		t.Fatalf("the port is not there for the UDP listener: %v", err)
	}
	apply(t, s, http3Config(ca, address))
	udp.Close() // after those of HTTP/3 are opened, as a UDP listener's is
	eventually(t, "HTTP/3 is back", func() bool { return servesHTTP3(ca, address) })
}

// TestHTTP3IsForHTTPS only, and for Gateways that have it.
func TestHTTP3IsForHTTPS(t *testing.T) {
	ca, addresses := certtest.NewCA(t, "ca"), loopback.FreeAddresses(t, 3)
	cfg := http3Config(ca, addresses[0])
	web := cfg.Listeners[0]
	web.ID, web.Address, web.Protocol, web.TLS = "http", addresses[1], config.HTTP, nil
	cfg.Listeners = append(cfg.Listeners, web, tlsListener("tls", addresses[2], "a.example", "cert"))
	s := newStreamSet(t, 0, echo)
	apply(t, s, cfg)
	for i, address := range addresses {
		if served := s.sockets[address].http3.Load() != nil; served != (i == 0) {
			t.Errorf("%s: HTTP/3 is served: %v", cfg.Listeners[i].Protocol, served)
		}
	}
	cfg.Gateways[0].HTTP3 = false
	apply(t, s, cfg)
	if s.sockets[addresses[0]].http3.Load() != nil {
		t.Error("HTTP/3 is served by a Gateway that does not want it")
	}
}
