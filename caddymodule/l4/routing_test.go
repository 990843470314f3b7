// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package l4

import (
	"errors"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/proxy"
	"github.com/kubera-dev/kubera/caddymodule/stream"
)

// route is a TLS route with hostnames under the listener that passes through.
func route(id string, created int64, hostnames ...string) config.Route {
	return config.Route{
		ID: id, Protocol: config.RouteTLS, Created: created,
		Attachments: []config.Attachment{{Listener: passID, Hostnames: hostnames}},
	}
}

func TestWhichRoute(t *testing.T) {
	for name, tc := range map[string]struct {
		routes []config.Route
		want   map[string]string // by SNI
	}{
		"the most specific hostname": {
			[]config.Route{
				route("any", 1), route("wide", 2, "*.test"), route("narrow", 3, "*.a.test"), route("exact", 4, "x.a.test"),
			},
			map[string]string{
				"x.a.test": "exact", "X.A.test": "exact", "y.a.test": "narrow", "z.y.a.test": "narrow", "a.test": "wide",
				"b.test": "wide", "test": "any", "other": "any", "": "any",
			},
		},
		"then the older route, then the lesser ID": {
			[]config.Route{
				route("c", 1, "one.test", "all.test"), route("b", 2, "two.test", "one.test", "all.test"), route("a", 2, "two.test", "all.test"),
			},
			map[string]string{"all.test": "c", "one.test": "c", "two.test": "a", "three.test": ""},
		},
		"a hostname of the route counts, not that of the listener": {
			[]config.Route{route("old", 1), route("new", 2, "a.test")},
			map[string]string{"a.test": "new", "b.test": "old", "": "old"},
		},
		"letter case": {
			[]config.Route{route("mixed", 1, "A.test", "*.B.test")},
			map[string]string{"a.test": "mixed", "x.b.test": "mixed"},
		},
		"a wildcard stands for labels": {
			[]config.Route{route("wild", 1, "*.a.test")},
			map[string]string{"a.test": "", "xa.test": "", ".a.test": "", "": ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := base()
			cfg.Routes = tc.routes
			f := newFixture(t, cfg)
			for sni, want := range tc.want {
				if got := f.engine.find(&stream.Conn{Listener: passID, ServerName: sni}).entry.Route; got != want {
					t.Errorf("SNI %q goes to %q, want %q", sni, got, want)
				}
			}
		})
	}
}

// Each listener has its routes, and a route of TCP no names.
func TestListenersHaveTheirRoutes(t *testing.T) {
	cfg := with(with(base(), tcpID, ""), tlsID, "")
	cfg.Routes[1].Attachments[0].Hostnames = []string{"a.term.test"}
	cfg.Routes = append(cfg.Routes, config.Route{
		ID: "HTTPRoute/test/web", Attachments: []config.Attachment{{Listener: "test/web/http"}},
	}, config.Route{
		ID: "UDPRoute/test/dns", Protocol: config.RouteUDP, Attachments: []config.Attachment{{Listener: "test/web/udp"}},
	})
	cfg.Listeners = append(cfg.Listeners,
		config.Listener{ID: "test/web/http", Gateway: gatewayID, Protocol: config.HTTP, Port: 80},
		config.Listener{ID: "test/web/udp", Gateway: gatewayID, Protocol: config.UDP, Port: 53})
	f := newFixture(t, cfg)
	for c, want := range map[*stream.Conn]string{
		{Listener: tcpID}: "Route/" + tcpID,
		{Listener: tlsID, ServerName: "a.term.test"}:  "Route/" + tlsID,
		{Listener: tlsID, ServerName: "b.term.test"}:  "",
		{Listener: passID, ServerName: "a.term.test"}: "",
	} {
		if got := f.engine.find(c).entry.Route; got != want {
			t.Errorf("%s %s: %q, want %q", c.Listener, c.ServerName, got, want)
		}
	}
	for _, id := range []string{"test/web/http", "test/web/udp"} {
		if f.engine.find(&stream.Conn{Listener: id}) != nil {
			t.Errorf("%s is a listener of connections", id)
		}
	}
}

// A route spreads as one, by whichever listener its connections come.
func TestRouteSpreadsOverListeners(t *testing.T) {
	cfg := with(base(), tlsID, "127.0.0.1:1", "127.0.0.1:2")
	cfg.Routes[0].Attachments = append(cfg.Routes[0].Attachments, config.Attachment{Listener: passID})
	f := newFixture(t, cfg)
	counts := map[string]int{}
	for range 10 {
		for _, id := range []string{tlsID, passID} {
			counts[id+" "+f.engine.find(&stream.Conn{Listener: id}).entry.Backend]++
		}
	}
	if counts[tlsID+" 127.0.0.1:1"]+counts[passID+" 127.0.0.1:1"] != 10 {
		t.Error(counts)
	}
}

func TestCompileRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change        func(*config.Config)
		object, field string
	}{
		"an unknown backend":  {func(cfg *config.Config) { cfg.Routes[0].Rules[0].Backends[0].Backend = "x" }, "Route/" + tcpID, "rules[0].backends"},
		"an unknown listener": {func(cfg *config.Config) { cfg.Routes[0].Attachments[0].Listener = "x" }, "Route/" + tcpID, "attachments"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := with(base(), tcpID, "127.0.0.1:1")
			p := proxy.New(proxy.Options{})
			defer p.Close()
			source, err := p.Compile(cfg)
			if err != nil {
				t.Fatal(err)
			}
			tc.change(cfg)
			_, err = New(Options{}).Compile(cfg, source)
			var refusal *config.Refusal
			if !errors.As(err, &refusal) || refusal.Object != tc.object || refusal.Field != tc.field || refusal.Message == "" {
				t.Errorf("%v", err)
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	cfg := base()
	for i := range 1000 {
		cfg.Routes = append(cfg.Routes, route(string(rune('a'+i%26))+"x", int64(i), "*.example.com", "a.example.com"))
	}
	f := newFixture(b, cfg)
	c := &stream.Conn{Listener: passID, ServerName: "www.example.com"}
	b.ReportAllocs()
	for b.Loop() {
		f.engine.find(c)
	}
}
