// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHTTP3Addresses(t *testing.T) {
	t.Parallel()
	cfg := &Config{
		Gateways: []Gateway{{ID: "on", HTTP3: true}, {ID: "off"}},
		Listeners: []Listener{
			{ID: "a", Gateway: "on", Protocol: HTTPS, Port: 443, Hostname: "a.example"},
			{ID: "b", Gateway: "on", Protocol: HTTPS, Port: 443, Hostname: "b.example"},
			{ID: "c", Gateway: "on", Protocol: HTTPS, Port: 443, Address: "127.0.0.1:8443"},
			{ID: "taken", Gateway: "on", Protocol: HTTPS, Port: 444},
			{ID: "dns", Gateway: "off", Protocol: UDP, Port: 444},
			{ID: "http", Gateway: "on", Protocol: HTTP, Port: 80},
			{ID: "tls", Gateway: "on", Protocol: TLS, Port: 445},
			{ID: "off", Gateway: "off", Protocol: HTTPS, Port: 446},
		},
	}
	if diff := cmp.Diff(map[string]bool{":443": true, "127.0.0.1:8443": true}, cfg.HTTP3Addresses()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]bool{":444": true}, cfg.UDPAddresses()); diff != "" {
		t.Error(diff)
	}
}
