// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"strings"
	"testing"
)

// validStreams is valid with listeners and routes of connections and datagrams.
func validStreams(t *testing.T) *Config {
	t.Helper()
	c := valid(t)
	c.Gateways[0].SendProxyProtocol = ProxyProtocolV2
	c.Gateways[0].HTTP3 = true
	c.Listeners = append(c.Listeners,
		Listener{ID: "pass", Gateway: "ns/gw", Protocol: TLS, Port: 443, Hostname: "pass.test", TLS: &ListenerTLS{Mode: TLSPassthrough}},
		Listener{ID: "term", Gateway: "ns/gw", Protocol: TLS, Port: 8443, TLS: &ListenerTLS{Certificates: []string{"cert"}}},
		Listener{ID: "tcp", Gateway: "ns/gw", Protocol: TCP, Port: 53},
		Listener{ID: "udp", Gateway: "ns/gw", Protocol: UDP, Port: 53},
		Listener{ID: "udp-443", Gateway: "ns/gw", Protocol: UDP, Port: 443},
	)
	shares := func() []Rule { return []Rule{{Backends: []WeightedBackend{{Backend: "b", Weight: 1}, {Weight: 1}}}} }
	c.Routes = append(c.Routes,
		Route{ID: "by-name", Protocol: RouteTLS, Attachments: []Attachment{{Listener: "pass", Hostnames: []string{"pass.test"}}, {Listener: "term"}}, Rules: shares()},
		Route{ID: "stream", Protocol: RouteTCP, Attachments: []Attachment{{Listener: "tcp"}}, Rules: shares()},
		Route{ID: "datagrams", Protocol: RouteUDP, Attachments: []Attachment{{Listener: "udp"}}, Rules: shares()},
		Route{ID: "calls", Protocol: RouteGRPC, Attachments: []Attachment{{Listener: "http"}}, Rules: []Rule{{Matches: []Match{
			{Path: &PathMatch{Type: Service, Value: "/a.B"}}, {Path: &PathMatch{Type: Regex, Value: "/.*/Get", Precedence: 1}},
		}}}},
	)
	return c
}

func TestValidateTakesStreams(t *testing.T) {
	if err := validStreams(t).Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateRefusesStreams(t *testing.T) {
	listener := func(id string) func(*Config) *Listener {
		return func(c *Config) *Listener {
			for i := range c.Listeners {
				if c.Listeners[i].ID == id {
					return &c.Listeners[i]
				}
			}
			panic("no listener " + id)
		}
	}
	rule := func(c *Config, i int) *Rule { return &c.Routes[i].Rules[0] }
	for name, tc := range map[string]struct {
		spoil func(*Config)
		want  string
	}{
		"a version of the PROXY protocol": {func(c *Config) { c.Gateways[0].SendProxyProtocol = "v3" }, "ns/gw: send_proxy_protocol: "},
		"a negative number of sessions":   {func(c *Config) { c.Gateways[0].Limits = &Limits{MaxUDPSessions: -1} }, "ns/gw: limits.max_udp_sessions: "},
		"a name of a TCP listener":        {func(c *Config) { listener("tcp")(c).Hostname = "a.test" }, "tcp: hostname: "},
		"TLS of a TCP listener":           {func(c *Config) { listener("tcp")(c).TLS = &ListenerTLS{} }, "tcp: tls: "},
		"no TLS of a TLS listener":        {func(c *Config) { listener("term")(c).TLS = nil }, "term: tls: "},
		"a mode of TLS":                   {func(c *Config) { listener("term")(c).TLS.Mode = "offload" }, "term: tls.mode: "},
		"passthrough of HTTPS":            {func(c *Config) { listener("https")(c).TLS = &ListenerTLS{Mode: TLSPassthrough} }, "https: tls.mode: "},
		"passthrough with a certificate":  {func(c *Config) { listener("pass")(c).TLS.Certificates = []string{"cert"} }, "pass: tls.certificates: "},
		"passthrough with client validation": {func(c *Config) {
			listener("pass")(c).TLS.ClientValidation = &ClientValidation{CABundles: []string{"ca"}}
		}, "pass: tls.client_validation: "},
		"TCP beside TLS":  {func(c *Config) { listener("tcp")(c).Port = 8443 }, "tcp: protocol: term has the address :8443 too, with protocol TLS"},
		"TLS beside HTTP": {func(c *Config) { listener("term")(c).Port = 80 }, "term: protocol: "},
		"TCP twice": {func(c *Config) {
			c.Listeners = append(c.Listeners, Listener{ID: "twin", Gateway: "ns/gw", Protocol: TCP, Port: 53})
		}, "twin: hostname: "},
		"UDP twice":                     {func(c *Config) { listener("udp-443")(c).Port = 53 }, "udp-443: hostname: "},
		"a name on HTTPS and TLS":       {func(c *Config) { listener("pass")(c).Hostname = "*.A.test" }, "pass: hostname: "},
		"TLS and HTTPS of two Gateways": {func(c *Config) { listener("pass")(c).Gateway = "ns/other" }, "pass: address: "},
		"an unknown protocol":           {func(c *Config) { c.Routes[1].Protocol = "quic" }, "by-name: protocol: "},
		"HTTP on TLS":                   {func(c *Config) { c.Routes[0].Attachments[0].Listener = "term" }, "r: attachments[0].listener: term has the protocol TLS, which is not for routes with protocol http"},
		"gRPC on TCP":                   {func(c *Config) { c.Routes[4].Attachments[0].Listener = "tcp" }, "calls: attachments[0].listener: "},
		"TCP on TLS":                    {func(c *Config) { c.Routes[2].Attachments[0].Listener = "term" }, "stream: attachments[0].listener: "},
		"TCP on UDP":                    {func(c *Config) { c.Routes[2].Attachments[0].Listener = "udp" }, "stream: attachments[0].listener: "},
		"UDP on TCP":                    {func(c *Config) { c.Routes[3].Attachments[0].Listener = "tcp" }, "datagrams: attachments[0].listener: "},
		"TLS on HTTPS":                  {func(c *Config) { c.Routes[1].Attachments[0].Listener = "https" }, "by-name: attachments[0].listener: "},
		"names of a TCP route":          {func(c *Config) { c.Routes[2].Attachments[0].Hostnames = []string{"a.test"} }, "stream: attachments[0].hostnames: "},
		"two rules":                     {func(c *Config) { c.Routes[2].Rules = make([]Rule, 2) }, "stream: rules: "},
		"a match of a TCP route":        {func(c *Config) { rule(c, 2).Matches = []Match{{}} }, "stream: rules[0]: "},
		"a filter of a UDP route":       {func(c *Config) { rule(c, 3).Filters = []Filter{{}} }, "datagrams: rules[0]: "},
		"a filter of a backend": {func(c *Config) {
			rule(c, 1).Backends = []WeightedBackend{{Backend: "b", Filters: []Filter{{}}}}
		}, "by-name: rules[0]: "},
		"a retry of a TCP route":      {func(c *Config) { rule(c, 2).Retry = &Retry{} }, "stream: rules[0]: "},
		"timeouts of a TLS route":     {func(c *Config) { rule(c, 1).Timeouts = &Timeouts{} }, "by-name: rules[0]: "},
		"an error of a UDP route":     {func(c *Config) { rule(c, 3).ErrorStatus = 500 }, "datagrams: rules[0]: "},
		"an unknown backend":          {func(c *Config) { rule(c, 2).Backends[0].Backend = "none" }, "stream: rules[0].backends[0].backend: "},
		"a service with a method":     {func(c *Config) { rule(c, 4).Matches[0].Path.Value = "/a.B/Get" }, "calls: rules[0].matches[0].path.value: "},
		"the precedence of a service": {func(c *Config) { rule(c, 4).Matches[0].Path.Precedence = 1 }, "calls: rules[0].matches[0].path.precedence: "},
		"a path of a header's match":  {func(c *Config) { rule(c, 4).Matches[0].Headers = []ValueMatch{{Name: "a", Type: Service, Value: "/a"}} }, "calls: rules[0].matches[0].headers[0].type: "},
	} {
		t.Run(name, func(t *testing.T) {
			c := validStreams(t)
			tc.spoil(c)
			err := c.Validate()
			if refusal, ok := errors.AsType[*Refusal](err); !ok || !strings.HasPrefix(refusal.Error(), tc.want) {
				t.Errorf("error is %v, want a refusal %q", err, tc.want)
			}
		})
	}
}
