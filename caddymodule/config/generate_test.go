// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"math/rand/v2"
)

// generator makes valid configurations that differ in all that can differ. The
// same seed makes the same ones.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 0))} }

func (g generator) config() *Config {
	c := &Config{LogLevel: pick(g, "", "debug", "warn")}
	for i := range 1 + g.IntN(2) {
		c.Gateways = append(c.Gateways, Gateway{ID: fmt.Sprintf("ns/gw%d", i), ErrorResponses: pick(g, "", ErrorHTML, ErrorProblem)})
	}
	for i := range g.IntN(5) {
		c.Backends = append(c.Backends, Backend{ID: fmt.Sprintf("Service/ns/b%d/80", g.IntN(1000)*10+i), Protocol: pick(g, "", BackendHTTP2), Endpoints: g.endpoints()})
	}
	for i := range g.IntN(5) {
		gateway := c.Gateways[g.IntN(len(c.Gateways))].ID
		c.Listeners = append(c.Listeners, Listener{
			ID: fmt.Sprintf("%s/l%d", gateway, g.IntN(1000)*10+i), Gateway: gateway, Protocol: HTTP, Port: int32(8000 + i), Hostname: pick(g, "", "*.a.test", "b.test"),
		})
	}
	for i := range g.IntN(8) {
		c.Routes = append(c.Routes, g.route(fmt.Sprintf("HTTPRoute/ns/r%d", g.IntN(1000)*10+i), c))
	}
	for i := range g.IntN(3) {
		c.CABundles = append(c.CABundles, CABundle{ID: fmt.Sprintf("ConfigMap/ns/ca%d", i), Certificates: pick(g, generatedCAs[0], generatedCAs[1])})
	}
	Seal(c)
	return c
}

// generatedCAs are what CA bundles of generated configurations hold.
var generatedCAs = [2]string{newGeneratedCA(1), newGeneratedCA(2)}

func newGeneratedCA(serial int64) string {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template := &x509.Certificate{SerialNumber: big.NewInt(serial)}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// next makes a configuration that has part of another.
func (g generator) next(c *Config) *Config {
	other := g.config()
	n := &Config{LogLevel: c.LogLevel, Gateways: other.Gateways, Listeners: other.Listeners}
	keep := func() bool { return g.IntN(3) > 0 }
	for _, b := range c.Backends {
		if keep() {
			if keep() {
				b.Endpoints = g.endpoints()
			}
			n.Backends = append(n.Backends, b)
		}
	}
	for range 3 {
		n.Routes = append(n.Routes, g.route(fmt.Sprintf("HTTPRoute/ns/n%d", len(n.Routes)), n))
	}
	Seal(n)
	return n
}

func (g generator) endpoints() []Endpoint {
	var list []Endpoint
	for i := range g.IntN(4) {
		list = append(list, Endpoint{Address: fmt.Sprintf("10.0.%d.%d:80", g.IntN(256), i), Draining: g.IntN(4) == 0})
	}
	return list
}

func (g generator) route(id string, c *Config) Route {
	r := Route{ID: id, Created: g.Int64N(1e9)}
	for _, l := range c.Listeners {
		r.Attachments = append(r.Attachments, Attachment{Listener: l.ID, Hostnames: pick(g, nil, []string{"x.a.test"})})
	}
	for range g.IntN(3) {
		rule := Rule{Matches: []Match{{Path: &PathMatch{Type: Prefix, Value: pick(g, "/", "/a", "/a/b")}, Method: pick(g, "", "GET")}}}
		for _, b := range c.Backends {
			rule.Backends = append(rule.Backends, WeightedBackend{Backend: b.ID, Weight: g.Int32N(10)})
		}
		if g.IntN(2) == 0 {
			rule.Filters = []Filter{{RequestHeaders: &HeaderModifier{Set: []Header{{Name: "X-A", Value: pick(g, "1", "2")}}}}}
		}
		r.Rules = append(r.Rules, rule)
	}
	return r
}

func pick[T any](g generator, choices ...T) T { return choices[g.IntN(len(choices))] }
