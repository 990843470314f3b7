// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/test/contract"
)

// sample has what the additions of TestWithout pretend to be new, and beside each a
// sibling without it.
func sample() *Config {
	c := &Config{
		Gateways: []Gateway{
			{ID: "ns/logs", AccessLog: &AccessLog{Format: LogText}, Limits: &Limits{MaxConnections: 7, UDPIdleTimeout: 5}},
			{ID: "ns/new", HTTP3: true},
		},
		Listeners: []Listener{
			{ID: "ns/logs/plain", Gateway: "ns/logs", Protocol: HTTP, Port: 80},
			{ID: "ns/logs/secure", Gateway: "ns/logs", Protocol: TLS, Port: 443, TLS: &ListenerTLS{Mode: TLSPassthrough}},
			{ID: "ns/new/https", Gateway: "ns/new", Protocol: HTTPS, Port: 443, TLS: &ListenerTLS{Certificates: []string{"cert"}}},
			{ID: "ns/new/tcp", Gateway: "ns/new", Protocol: TCP, Port: 90},
		},
		Routes: []Route{
			{
				ID: "HTTPRoute/ns/web", Attachments: []Attachment{{Listener: "ns/logs/plain"}},
				Rules: []Rule{
					{Matches: []Match{{Path: &PathMatch{Type: Exact, Value: "/old"}}}, Backends: []WeightedBackend{{Backend: "b", Weight: 1}}},
					{
						Name: "new", Matches: []Match{{Path: &PathMatch{Type: Exact, Value: "/new"}, Method: "GET"}},
						Backends: []WeightedBackend{{Backend: "b", Weight: 1, Filters: []Filter{
							{RequestHeaders: &HeaderModifier{Remove: []string{"x"}}}, {AccessControl: &AccessControl{Deny: []string{"10.0.0.1"}}},
						}}},
					},
				},
			},
			{ID: "TCPRoute/ns/t", Protocol: RouteTCP, Attachments: []Attachment{{Listener: "ns/new/tcp"}}, Rules: []Rule{{Backends: []WeightedBackend{{Backend: "c", Weight: 1}}}}},
		},
		Backends: []Backend{
			{ID: "b", Endpoints: []Endpoint{{Address: "10.0.0.1:80"}}},
			{ID: "c", Protocol: BackendHTTP2, Endpoints: []Endpoint{{Address: "10.0.0.2:80", Draining: true}}},
		},
	}
	Seal(c)
	return c
}

func TestWithout(t *testing.T) {
	const harmless, closes = Harmless, Closes
	for name, tc := range map[string]struct {
		addition addition
		// change makes of the sample what is wanted.
		change    func(*Config)
		omissions []Omission
	}{
		"nothing of it is there": {
			addition{of: reflect.TypeFor[Redirect](), field: "port", absence: closes}, func(*Config) {}, nil,
		},
		"a harmless field": {
			addition{of: reflect.TypeFor[Limits](), field: "max_connections", absence: harmless},
			func(c *Config) { c.Gateways[0].Limits = &Limits{UDPIdleTimeout: 5} },
			[]Omission{{"ns/logs", "limits.max_connections", harmless}},
		},
		"a harmless value": {
			addition{of: reflect.TypeFor[LogFormat](), value: "text", absence: harmless},
			func(c *Config) { c.Gateways[0].AccessLog = &AccessLog{} },
			[]Omission{{"ns/logs", "access_log.format", harmless}},
		},
		"a harmless field of endpoints": {
			addition{of: reflect.TypeFor[Endpoint](), field: "draining", absence: harmless},
			func(c *Config) { c.Backends[1].Endpoints = []Endpoint{{Address: "10.0.0.2:80"}} },
			[]Omission{{"c", "endpoints[0].draining", harmless}},
		},
		"a filter": {
			addition{of: reflect.TypeFor[Filter](), field: "access_control", absence: closes},
			func(c *Config) {
				c.Routes[0].Rules[1] = Rule{Name: "new", Matches: c.Routes[0].Rules[1].Matches, ErrorStatus: 500}
			},
			[]Omission{{"HTTPRoute/ns/web", "rules[1].backends[0].filters[1].access_control", closes}},
		},
		"a match": {
			addition{of: reflect.TypeFor[Match](), field: "method", absence: closes},
			func(c *Config) {
				c.Routes[0].Rules[1] = Rule{Name: "new", Matches: []Match{{Path: &PathMatch{Type: Exact, Value: "/new"}}}, ErrorStatus: 500}
			},
			[]Omission{{"HTTPRoute/ns/web", "rules[1].matches[0].method", closes}},
		},
		"something of a route of connections": {
			addition{of: reflect.TypeFor[RouteProtocol](), value: "tcp", absence: harmless},
			func(c *Config) { c.Routes[1].Protocol = "" },
			[]Omission{{"TCPRoute/ns/t", "protocol", harmless}},
		},
		"something of all of a route": {
			addition{of: reflect.TypeFor[Attachment](), field: "listener", absence: closes},
			func(c *Config) {
				c.Routes[0].Attachments, c.Routes[1].Attachments = []Attachment{{}}, []Attachment{{}}
				c.Routes[0].Rules[0] = Rule{Matches: c.Routes[0].Rules[0].Matches, ErrorStatus: 500}
				c.Routes[0].Rules[1] = Rule{Name: "new", Matches: c.Routes[0].Rules[1].Matches, ErrorStatus: 500}
				c.Routes[1].Rules[0] = Rule{Backends: []WeightedBackend{{Weight: 1}}}
			},
			[]Omission{{"HTTPRoute/ns/web", "attachments[0].listener", closes}, {"TCPRoute/ns/t", "attachments[0].listener", closes}},
		},
		"something of a listener": {
			addition{of: reflect.TypeFor[Listener](), field: "tls", absence: closes},
			func(c *Config) { c.Listeners[1].TLS, c.Listeners[2].TLS = nil, nil },
			[]Omission{{"ns/logs/secure", "tls", closes}, {"ns/new/https", "tls", closes}},
		},
		"something of a Gateway": {
			addition{of: reflect.TypeFor[Gateway](), field: "http3", absence: closes},
			func(c *Config) {
				c.Gateways[1].HTTP3, c.Routes[1].Attachments = false, []Attachment{}
				c.Listeners[2].TLS = &ListenerTLS{}
			},
			[]Omission{{"ns/new", "http3", closes}},
		},
		"something of a backend": {
			addition{of: reflect.TypeFor[BackendProtocol](), value: "http2", absence: closes},
			func(c *Config) { c.Backends[1] = Backend{ID: "c"} },
			[]Omission{{"c", "protocol", closes}},
		},
		"something of all": {
			addition{of: reflect.TypeFor[Config](), field: "log_level", absence: harmless}, func(*Config) {}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.addition.revision = 2
			c, want := sample(), sample()
			tc.change(want)
			Seal(want)
			got, omissions := c.without(newerThan(1, []addition{tc.addition}))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tc.omissions, omissions); diff != "" {
				t.Errorf("omissions -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(sample(), c); diff != "" {
				t.Errorf("what was given was changed:\n%s", diff)
			}
			if same, _ := c.without(newerThan(2, []addition{tc.addition})); same != c {
				t.Error("one that knows it gets another configuration")
			}
			if len(tc.omissions) == 0 && got != c {
				t.Error("with nothing left out it is another configuration")
			}
		})
	}
}

// TestWithoutIsUnderstood takes any one field away that can be empty, as if it were
// new, from configurations of all sorts. A proxy without it takes what is left.
func TestWithoutIsUnderstood(t *testing.T) {
	var configs []*Config
	for seed := range uint64(10) {
		configs = append(configs, newGenerator(seed).config())
	}
	changed := 0
	for of := range reachable(t, reflect.TypeFor[Config]()) {
		if of.Kind() != reflect.Struct || of == reflect.TypeFor[Config]() || !canClose(of) {
			continue
		}
		for f := range of.Fields() {
			if !isOmitted(f) || needed[of.Name()+"."+jsonName(f)] {
				continue
			}
			n := newerThan(1, []addition{{revision: 2, of: of, field: jsonName(f), absence: Closes}})
			for _, c := range configs {
				old, omissions := c.without(n)
				if len(omissions) == 0 {
					continue
				}
				if err := old.Validate(); err != nil {
					t.Errorf("without %s.%s: %v", of.Name(), jsonName(f), err)
				}
				if _, again := old.without(n); len(again) > 0 {
					t.Errorf("without %s.%s: %v is still there", of.Name(), jsonName(f), again)
				}
				changed += len(omissions)
			}
		}
	}
	if changed == 0 {
		t.Error("nothing was ever left out")
	}
}

// needed are fields that are empty only beside others that are not.
var needed = map[string]bool{
	"BackendTLS.ca_bundles": true, "BackendTLS.system_cas": true, "SubjectAltName.dns": true, "SubjectAltName.uri": true,
}

// TestAtIsOfTheRevision has all there is in a configuration, and sends it to proxies of
// each revision.
func TestAtIsOfTheRevision(t *testing.T) {
	old, err := contract.Read("testdata/revision-1.txt")
	if err != nil {
		t.Fatal(err)
	}
	full := &Config{}
	fill(reflect.ValueOf(full).Elem())
	Seal(full)
	document := func(c *Config) []byte {
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	c, omissions := full.At(1)
	if err := old.Check("Config", document(c)); err != nil {
		t.Error(err)
	}
	if err := old.Check("Config", document(full)); (err == nil) != (len(omissions) == 0) {
		t.Errorf("%d omissions, and all of it: %v", len(omissions), err)
	}
	for _, revision := range []int{Revision, Revision + 1} {
		if c, omissions := full.At(revision); c != full || omissions != nil {
			t.Errorf("revision %d: %v", revision, omissions)
		}
	}
}

// TestWithoutKeepsTheRest has all there is in a configuration, and takes one thing out.
func TestWithoutKeepsTheRest(t *testing.T) {
	full := &Config{}
	fill(reflect.ValueOf(full).Elem())
	got, omissions := full.without(newerThan(1, []addition{{revision: 2, of: reflect.TypeFor[Limits](), field: "max_connections", absence: Harmless}}))
	if len(omissions) != 1 {
		t.Error(omissions)
	}
	want := &Config{}
	fill(reflect.ValueOf(want).Elem())
	want.Gateways[0].Limits.MaxConnections = 0
	Seal(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// fill sets every field that there is.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString("x")
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	}
}

func TestOmissionString(t *testing.T) {
	for want, o := range map[string]Omission{
		"ns/web: access_log.format is left out":                                  {"ns/web", "access_log.format", Harmless},
		"HTTPRoute/a/b: rules[0].x is left out, and what needs it is not served": {"HTTPRoute/a/b", "rules[0].x", Closes},
		"log_level is left out":                                                  {"", "log_level", Harmless},
	} {
		if got := o.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSpeaks(t *testing.T) {
	for said, want := range map[int]int{0: 1, 1: 1, 2: 2, 9: 9} {
		if got := (Status{Revision: said}).Speaks(); got != want {
			t.Errorf("%d speaks %d", said, got)
		}
	}
}

// BenchmarkAt makes what a proxy of the first revision gets of 5,000 routes: once for
// each configuration, however many proxies there are.
func BenchmarkAt(b *testing.B) {
	c := sample()
	route := c.Routes[0]
	for i := range 5000 {
		route.ID = fmt.Sprintf("HTTPRoute/ns/web-%d", i)
		c.Routes = append(c.Routes, route)
	}
	c.Gateways[0].AccessLog = &AccessLog{Format: LogCommon}
	Seal(c)
	b.ReportAllocs()
	for b.Loop() {
		if older, omissions := c.At(1); older == c || len(omissions) != 1 {
			b.Fatal(omissions)
		}
	}
}
