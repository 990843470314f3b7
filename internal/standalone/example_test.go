// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestExamples(t *testing.T) {
	path := func(typ config.MatchType, value string) *config.PathMatch {
		return &config.PathMatch{Type: typ, Value: value}
	}
	for _, test := range []struct {
		name     string
		listener config.Listener
		host     string
		names    []string
		match    config.Match
		want     string // empty: there is none
	}{
		{"plain", config.Listener{Port: 80}, "127.0.0.1", nil, config.Match{}, "curl -i http://127.0.0.1/"},
		{"other port", config.Listener{Port: 80, Address: ":8080"}, "127.0.0.1", nil, config.Match{}, "curl -i http://127.0.0.1:8080/"},
		{"all addresses", config.Listener{Port: 8080}, "0.0.0.0", nil, config.Match{}, "curl -i http://127.0.0.1:8080/"},
		{"address of its own", config.Listener{Port: 80, Address: "192.0.2.1:80"}, "127.0.0.1", nil, config.Match{}, "curl -i http://192.0.2.1/"},
		{"IPv6", config.Listener{Port: 80}, "::1", nil, config.Match{}, "curl -i 'http://[::1]/'"},
		{"hostname of the listener", config.Listener{Port: 80, Hostname: "a.example"}, "127.0.0.1", nil, config.Match{}, "curl -i -H 'Host: a.example' http://127.0.0.1/"},
		{"wildcard of the route", config.Listener{Port: 80}, "127.0.0.1", []string{"*.example.com"}, config.Match{}, "curl -i -H 'Host: www.example.com' http://127.0.0.1/"},
		{"everything", config.Listener{Port: 80}, "127.0.0.1", nil, config.Match{
			Path: path(config.Prefix, "/a b"), Method: "POST",
			Headers: []config.ValueMatch{{Name: "X-A", Value: "it's"}}, Query: []config.ValueMatch{{Name: "q", Value: "1&2"}},
		}, `curl -i -X POST -H 'X-A: it'\''s' 'http://127.0.0.1/a%20b?q=1%262'`},
		{
			"HTTPS", config.Listener{Port: 443, Address: ":8443", Protocol: config.HTTPS, Hostname: "a.example"}, "127.0.0.1", nil, config.Match{},
			"curl -i -k --resolve a.example:8443:127.0.0.1 https://a.example:8443/",
		},
		{"HTTPS for every name", config.Listener{Port: 443, Protocol: config.HTTPS}, "127.0.0.1", nil, config.Match{}, "curl -i -k https://127.0.0.1/"},
		{"path by regular expression", config.Listener{Port: 80}, "127.0.0.1", nil, config.Match{Path: path(config.Regex, "/.*")}, ""},
		{"header by regular expression", config.Listener{Port: 80}, "127.0.0.1", nil, config.Match{Headers: []config.ValueMatch{{Type: config.Regex}}}, ""},
		{"query by regular expression", config.Listener{Port: 80}, "127.0.0.1", nil, config.Match{Query: []config.ValueMatch{{Type: config.Regex}}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.listener.ID = "l"
			cfg := &config.Config{Listeners: []config.Listener{test.listener}, Routes: []config.Route{{
				ID:          "r",
				Attachments: []config.Attachment{{Listener: "l", Hostnames: test.names}, {Listener: "gone"}},
				Rules:       []config.Rule{{Matches: []config.Match{test.match}}},
			}}}
			var want []Example
			if test.want != "" {
				want = []Example{{Listener: "l", Route: "r", Command: test.want}}
			}
			if diff := cmp.Diff(want, Examples(cfg, test.host)); diff != "" {
				t.Errorf("(-want +have)\n%s", diff)
			}
		})
	}
}

// TestExamplesOfARuleWithoutMatches: such a rule takes every request.
func TestExamplesByProtocol(t *testing.T) {
	plain, secure := config.Listener{Port: 80, Protocol: config.HTTP}, config.Listener{Port: 443, Protocol: config.HTTPS}
	method := &config.PathMatch{Type: config.Exact, Value: "/a.B/Get"}
	for _, test := range []struct {
		route    config.RouteProtocol
		listener config.Listener
		names    []string
		match    config.Match
		want     string // empty: there is none
	}{
		{config.RouteTCP, config.Listener{Port: 9000, Protocol: config.TCP}, nil, config.Match{}, "nc 127.0.0.1 9000"},
		{config.RouteUDP, config.Listener{Port: 53, Address: ":8053", Protocol: config.UDP}, nil, config.Match{}, "nc -u 127.0.0.1 8053"},
		{config.RouteTLS, config.Listener{Port: 443, Protocol: config.TLS}, []string{"*.example.com"}, config.Match{}, "openssl s_client -connect 127.0.0.1:443 -servername www.example.com"},
		{config.RouteTLS, config.Listener{Port: 443, Protocol: config.TLS}, nil, config.Match{}, "openssl s_client -connect 127.0.0.1:443"},
		{config.RouteGRPC, plain, nil, config.Match{Path: method}, "grpcurl -plaintext 127.0.0.1:80 a.B/Get"},
		{config.RouteGRPC, secure, []string{"a.example"}, config.Match{Path: method, Headers: []config.ValueMatch{{Name: "x", Value: "y"}}}, "grpcurl -insecure -authority a.example -H 'x: y' 127.0.0.1:443 a.B/Get"},
		{config.RouteGRPC, plain, nil, config.Match{Path: &config.PathMatch{Type: config.Service, Value: "/a.B"}}, "grpcurl -plaintext 127.0.0.1:80 list a.B"},
		{config.RouteGRPC, plain, nil, config.Match{Path: &config.PathMatch{Type: config.Prefix, Value: "/"}}, "grpcurl -plaintext 127.0.0.1:80 list"},
		{config.RouteGRPC, plain, nil, config.Match{}, "grpcurl -plaintext 127.0.0.1:80 list"},
		{config.RouteGRPC, plain, nil, config.Match{Path: &config.PathMatch{Type: config.Regex, Value: "/.*"}}, ""},
		{config.RouteGRPC, plain, nil, config.Match{Headers: []config.ValueMatch{{Type: config.Regex}}}, ""},
	} {
		test.listener.ID = "l"
		cfg := &config.Config{Listeners: []config.Listener{test.listener}, Routes: []config.Route{{
			ID: "r", Protocol: test.route, Attachments: []config.Attachment{{Listener: "l", Hostnames: test.names}},
			Rules: []config.Rule{{Matches: []config.Match{test.match}}},
		}}}
		var have string
		for _, example := range Examples(cfg, "127.0.0.1") {
			have += example.Command
		}
		if have != test.want {
			t.Errorf("%s: %s, want %s", test.route, have, test.want)
		}
	}
}

func TestExamplesOfARuleWithoutMatches(t *testing.T) {
	cfg := &config.Config{
		Listeners: []config.Listener{{ID: "l", Port: 80}},
		Routes:    []config.Route{{ID: "r", Attachments: []config.Attachment{{Listener: "l"}}, Rules: []config.Rule{{}}}},
	}
	if have := Examples(cfg, "127.0.0.1"); len(have) != 1 || have[0].Command != "curl -i http://127.0.0.1/" {
		t.Errorf("%v", have)
	}
}
