// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/test/certtest"
)

// valid is a configuration with one of everything, for tests to break.
func valid(t *testing.T) *Config {
	t.Helper()
	ca := certtest.NewCA(t, "config test")
	pair := ca.Issue("a.test", "a.test")
	return &Config{
		Gateways:     []Gateway{{ID: "ns/gw", BackendClientCertificate: "cert"}, {ID: "ns/other"}},
		Certificates: []Certificate{{ID: "cert", Chain: string(pair.Cert), Key: string(pair.Key)}},
		CABundles:    []CABundle{{ID: "ca", Certificates: string(pair.Cert)}},
		Listeners: []Listener{
			{ID: "http", Gateway: "ns/gw", Protocol: HTTP, Port: 80},
			{ID: "https", Gateway: "ns/gw", Protocol: HTTPS, Port: 443, Hostname: "*.a.test", TLS: &ListenerTLS{
				Certificates:     []string{"cert"},
				ClientValidation: &ClientValidation{CABundles: []string{"ca"}, Mode: ClientCertInsecureFallback},
			}},
		},
		Backends: []Backend{
			{ID: "b", Endpoints: []Endpoint{{Address: "10.0.0.1:80"}, {Address: "[fd00::1]:80"}, {Address: "example.org:443"}}},
			{ID: "tls", Protocol: BackendHTTP2, TLS: &BackendTLS{
				ServerName: "a.test", CABundles: []string{"ca"},
				SubjectAltNames: []SubjectAltName{{DNS: "*.a.test"}, {URI: "spiffe://a.test/web"}},
			}},
		},
		Routes: []Route{{
			ID:          "r",
			Attachments: []Attachment{{Listener: "http", Hostnames: []string{"a.test", "*.b.test"}}},
			Rules: []Rule{{
				Matches:  []Match{{Path: &PathMatch{Type: Prefix, Value: "/a"}, Headers: []ValueMatch{{Name: "X-A", Value: "1"}}, Query: []ValueMatch{{Name: "q", Value: ".*", Type: Regex}}, Method: "GET"}},
				Filters:  []Filter{{Rewrite: &Rewrite{Path: &PathModifier{ReplacePrefix: new(string)}}}},
				Backends: []WeightedBackend{{Backend: "b", Weight: 1}, {Weight: 1}},
				Timeouts: &Timeouts{Request: Duration(time.Second), BackendRequest: Duration(time.Second)},
				Retry:    &Retry{Attempts: 2, Codes: []int{503}, Backoff: Duration(time.Millisecond)},
			}},
		}},
	}
}

func TestValidateTakes(t *testing.T) {
	if err := valid(t).Validate(); err != nil {
		t.Fatal(err)
	}
	if err := new(Config).Validate(); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(100) {
		if err := newGenerator(seed).config().Validate(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// Origins are taken in all the forms that HTTPCORSFilter.allowOrigins names.
func TestValidateTakesOrigins(t *testing.T) {
	c := valid(t)
	c.Routes[0].Rules[0].Filters = []Filter{{CORS: &CORS{AllowOrigins: []string{
		"*", "http://a.test", "https://*", "https://*.a.test", "http://a.test:8080", "https://*:8443",
	}}}}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateRefuses(t *testing.T) {
	filter := func(f Filter) func(*Config) {
		return func(c *Config) { c.Routes[0].Rules[0].Filters = []Filter{f} }
	}
	match := func(m Match) func(*Config) {
		return func(c *Config) { c.Routes[0].Rules[0].Matches = []Match{m} }
	}
	rule := func(change func(*Rule)) func(*Config) {
		return func(c *Config) { change(&c.Routes[0].Rules[0]) }
	}
	validation := func(change func(*ClientValidation)) func(*Config) {
		return func(c *Config) { change(c.Listeners[1].TLS.ClientValidation) }
	}
	backendTLS := func(change func(*BackendTLS)) func(*Config) {
		return func(c *Config) { change(c.Backends[1].TLS) }
	}
	full := "/"
	tests := map[string]struct {
		breaks        func(*Config)
		object, field string
	}{
		"log level": {func(c *Config) { c.LogLevel = "loud" }, "", "log_level"},
		"no ID":     {func(c *Config) { c.Backends[0].ID = "" }, "", "backends[0].id"},
		"ID twice":  {func(c *Config) { c.Gateways[1].ID = "ns/gw" }, "ns/gw", "gateways"},
		"access log share above one": {func(c *Config) {
			c.Gateways[0].AccessLog = &AccessLog{Sampling: &Fraction{Numerator: 3, Denominator: 2}}
		}, "ns/gw", "access_log.sampling"},
		"access log share below zero": {func(c *Config) {
			c.Gateways[0].AccessLog = &AccessLog{Sampling: &Fraction{Numerator: -1, Denominator: 2}}
		}, "ns/gw", "access_log.sampling"},
		"tracing without a collector": {traced(Tracing{}), "ns/gw", "tracing.endpoint"},
		"tracing to what is no URL":   {traced(Tracing{Endpoint: "collector:4317"}), "ns/gw", "tracing.endpoint"},
		"tracing to no host":          {traced(Tracing{Endpoint: "http://:4318"}), "ns/gw", "tracing.endpoint"},
		"tracing to no port":          {traced(Tracing{Endpoint: "http://a:70000"}), "ns/gw", "tracing.endpoint"},
		"tracing with a password":     {traced(Tracing{Endpoint: "http://a:b@c"}), "ns/gw", "tracing.endpoint"},
		"tracing with a query":        {traced(Tracing{Endpoint: "http://a/?b"}), "ns/gw", "tracing.endpoint"},
		"tracing by gRPC to a path":   {traced(Tracing{Endpoint: "http://a/b", Protocol: TracingGRPC}), "ns/gw", "tracing.endpoint"},
		"tracing by another protocol": {traced(Tracing{Endpoint: "http://a", Protocol: "zipkin"}), "ns/gw", "tracing.protocol"},
		"tracing of more than all":    {traced(Tracing{Endpoint: "http://a", Sampling: &Fraction{Numerator: 2, Denominator: 1}}), "ns/gw", "tracing.sampling"},
		"tracing with two names":      {traced(Tracing{Endpoint: "http://a", Attributes: []Attribute{{Name: "service.name", Value: "a"}}}), "ns/gw", "tracing.attributes[0].name"},
		"tracing attribute set twice": {traced(Tracing{Endpoint: "http://a", Attributes: []Attribute{{Name: "a"}, {Name: "a"}}}), "ns/gw", "tracing.attributes[1].name"},
		"access log share of nothing": {func(c *Config) { c.Gateways[0].AccessLog = &AccessLog{Sampling: &Fraction{}} }, "ns/gw", "access_log.sampling"},
		"access log format":           {func(c *Config) { c.Gateways[0].AccessLog = &AccessLog{Format: "xml"} }, "ns/gw", "access_log.format"},
		"error responses":             {func(c *Config) { c.Gateways[0].ErrorResponses = "loud" }, "ns/gw", "error_responses"},
		"trusted proxies":             {func(c *Config) { c.Gateways[0].ClientAddress = &ClientAddress{TrustedProxies: []string{"10.0.0.0/33"}} }, "ns/gw", "client_address.trusted_proxies[0]"},
		"header and PROXY": {func(c *Config) {
			c.Gateways[0].ClientAddress = &ClientAddress{Header: "X-Real-Ip", ProxyProtocol: true}
		}, "ns/gw", "client_address.header"},
		"header name":         {func(c *Config) { c.Gateways[0].ClientAddress = &ClientAddress{Header: "X Real"} }, "ns/gw", "client_address.header"},
		"framing header":      {func(c *Config) { c.Gateways[0].ClientAddress = &ClientAddress{Header: "connection"} }, "ns/gw", "client_address.header"},
		"negative limit":      {func(c *Config) { c.Gateways[0].Limits = &Limits{MaxConnections: -1} }, "ns/gw", "limits.max_connections"},
		"key of another":      {func(c *Config) { c.Certificates[0].Key = valid(t).Certificates[0].Key }, "cert", "chain"},
		"no PEM":              {func(c *Config) { c.Certificates[0].Chain = "x" }, "cert", "chain"},
		"unknown gateway":     {func(c *Config) { c.Listeners[0].Gateway = "x" }, "http", "gateway"},
		"protocol":            {func(c *Config) { c.Listeners[0].Protocol = "SCTP" }, "http", "protocol"},
		"port":                {func(c *Config) { c.Listeners[0].Port = 70000 }, "http", "port"},
		"address":             {func(c *Config) { c.Listeners[0].Address = "127.0.0.1" }, "http", "address"},
		"port of address":     {func(c *Config) { c.Listeners[0].Address = "127.0.0.1:0" }, "http", "address"},
		"control port":        {func(c *Config) { c.Listeners[0].Port = ControlPort }, "http", "address"},
		"status port":         {func(c *Config) { c.Listeners[0].Address = "127.0.0.1:19090" }, "http", "address"},
		"hostname":            {func(c *Config) { c.Listeners[0].Hostname = "a.*.test" }, "http", "hostname"},
		"no TLS":              {func(c *Config) { c.Listeners[1].TLS = nil }, "https", "tls"},
		"TLS on HTTP":         {func(c *Config) { c.Listeners[0].TLS = &ListenerTLS{} }, "http", "tls"},
		"unknown certificate": {func(c *Config) { c.Listeners[1].TLS.Certificates = []string{"x"} }, "https", "tls.certificates[0]"},
		"protocols on a port": {func(c *Config) { c.Listeners[1].Port = 80 }, "https", "protocol"},
		"gateways on a port": {func(c *Config) {
			c.Listeners = append(c.Listeners, Listener{ID: "x", Gateway: "ns/other", Protocol: HTTP, Port: 80, Hostname: "x"})
		}, "x", "address"},
		"hostname twice": {func(c *Config) {
			c.Listeners = append(c.Listeners, Listener{ID: "x", Gateway: "ns/gw", Protocol: HTTP, Port: 80})
		}, "x", "hostname"},
		"backend protocol":    {func(c *Config) { c.Backends[0].Protocol = "ftp" }, "b", "protocol"},
		"endpoint":            {func(c *Config) { c.Backends[0].Endpoints[0].Address = ":80" }, "b", "endpoints[0].address"},
		"endpoint port":       {func(c *Config) { c.Backends[0].Endpoints[1].Address = "10.0.0.1:http" }, "b", "endpoints[1].address"},
		"unknown listener":    {func(c *Config) { c.Routes[0].Attachments[0].Listener = "x" }, "r", "attachments[0].listener"},
		"route hostname":      {func(c *Config) { c.Routes[0].Attachments[0].Hostnames[1] = "" }, "r", "attachments[0].hostnames[1]"},
		"error status":        {rule(func(r *Rule) { r.ErrorStatus = 200 }), "r", "rules[0].error_status"},
		"unknown backend":     {rule(func(r *Rule) { r.Backends[0].Backend = "x" }), "r", "rules[0].backends[0].backend"},
		"weight":              {rule(func(r *Rule) { r.Backends[0].Weight = 1_000_001 }), "r", "rules[0].backends[0].weight"},
		"timeouts":            {rule(func(r *Rule) { r.Timeouts.BackendRequest++ }), "r", "rules[0].timeouts.backend_request"},
		"negative timeout":    {rule(func(r *Rule) { r.Timeouts.Request = -1 }), "r", "rules[0].timeouts"},
		"path type":           {match(Match{Path: &PathMatch{Value: "/"}}), "r", "rules[0].matches[0].path.type"},
		"path":                {match(Match{Path: &PathMatch{Type: Exact, Value: "a"}}), "r", "rules[0].matches[0].path.value"},
		"path expression":     {match(Match{Path: &PathMatch{Type: Regex, Value: "("}}), "r", "rules[0].matches[0].path.value"},
		"header":              {match(Match{Headers: []ValueMatch{{Name: "a b"}}}), "r", "rules[0].matches[0].headers[0].name"},
		"header prefix":       {match(Match{Headers: []ValueMatch{{Name: "a", Type: Prefix}}}), "r", "rules[0].matches[0].headers[0].type"},
		"query":               {match(Match{Query: []ValueMatch{{}}}), "r", "rules[0].matches[0].query[0].name"},
		"query expression":    {match(Match{Query: []ValueMatch{{Name: "a", Type: Regex, Value: "[z-a]"}}}), "r", "rules[0].matches[0].query[0].value"},
		"method":              {match(Match{Method: "GET /"}), "r", "rules[0].matches[0].method"},
		"no filter":           {filter(Filter{}), "r", "rules[0].filters[0]"},
		"two filters in one":  {filter(Filter{Redirect: &Redirect{}, Rewrite: &Rewrite{}}), "r", "rules[0].filters[0]"},
		"header to set":       {filter(Filter{RequestHeaders: &HeaderModifier{Set: []Header{{Name: ""}}}}), "r", "rules[0].filters[0].request_headers"},
		"header value":        {filter(Filter{ResponseHeaders: &HeaderModifier{Add: []Header{{Name: "a", Value: "b\r\nc: d"}}}}), "r", "rules[0].filters[0].response_headers"},
		"header to remove":    {filter(Filter{RequestHeaders: &HeaderModifier{Remove: []string{"a:"}}}), "r", "rules[0].filters[0].request_headers.remove[0]"},
		"redirect scheme":     {filter(Filter{Redirect: &Redirect{Scheme: "ftp"}}), "r", "rules[0].filters[0].redirect.scheme"},
		"redirect hostname":   {filter(Filter{Redirect: &Redirect{Hostname: "a/b"}}), "r", "rules[0].filters[0].redirect.hostname"},
		"redirect wildcard":   {filter(Filter{Redirect: &Redirect{Hostname: "*.example.com"}}), "r", "rules[0].filters[0].redirect.hostname"},
		"redirect with user":  {filter(Filter{Redirect: &Redirect{Hostname: "user@example.com"}}), "r", "rules[0].filters[0].redirect.hostname"},
		"rewrite hostname":    {filter(Filter{Rewrite: &Rewrite{Hostname: "\u212a8s.example"}}), "r", "rules[0].filters[0].rewrite.hostname"},
		"hostname of dots":    {func(c *Config) { c.Listeners[0].Hostname = "a..test" }, "http", "hostname"},
		"hostname of a star":  {func(c *Config) { c.Listeners[0].Hostname = "*" }, "http", "hostname"},
		"redirect port":       {filter(Filter{Redirect: &Redirect{Port: -1}}), "r", "rules[0].filters[0].redirect.port"},
		"redirect status":     {filter(Filter{Redirect: &Redirect{Status: 200}}), "r", "rules[0].filters[0].redirect.status"},
		"redirect path":       {filter(Filter{Redirect: &Redirect{Path: &PathModifier{}}}), "r", "rules[0].filters[0].redirect.path"},
		"both paths":          {filter(Filter{Rewrite: &Rewrite{Path: &PathModifier{ReplaceFull: &full, ReplacePrefix: &full}}}), "r", "rules[0].filters[0].rewrite.path"},
		"prefix of exact":     {func(c *Config) { c.Routes[0].Rules[0].Matches[0].Path.Type = Exact }, "r", "rules[0].filters[0].rewrite.path.replace_prefix"},
		"static status":       {filter(Filter{StaticResponse: &StaticResponse{Status: 100}}), "r", "rules[0].filters[0].static_response.status"},
		"static content type": {filter(Filter{StaticResponse: &StaticResponse{Status: 200, ContentType: "a\nb"}}), "r", "rules[0].filters[0].static_response.content_type"},
		"access":              {filter(Filter{AccessControl: &AccessControl{Allow: []string{"10.0.0.1", "nobody"}}}), "r", "rules[0].filters[0].access_control.allow[1]"},
		"client certificate":  {func(c *Config) { c.Gateways[1].BackendClientCertificate = "x" }, "ns/other", "backend_client_certificate"},
		"empty CA bundle":     {func(c *Config) { c.CABundles[0].Certificates = "" }, "ca", "certificates"},
		"key in a CA bundle":  {func(c *Config) { c.CABundles[0].Certificates += c.Certificates[0].Key }, "ca", "certificates"},
		"no CAs of clients":   {validation(func(v *ClientValidation) { v.CABundles = nil }), "https", "tls.client_validation.ca_bundles"},
		"unknown CA":          {validation(func(v *ClientValidation) { v.CABundles[0] = "x" }), "https", "tls.client_validation.ca_bundles[0]"},
		"validation mode":     {validation(func(v *ClientValidation) { v.Mode = "lax" }), "https", "tls.client_validation.mode"},
		"validations on a port": {func(c *Config) {
			open := ListenerTLS{Certificates: []string{c.Certificates[0].ID}}
			c.Listeners = append(c.Listeners, Listener{ID: "x", Gateway: "ns/gw", Protocol: HTTPS, Port: 443, Hostname: "x.test", TLS: &open})
		}, "x", "tls.client_validation"},
		"modes on a port": {func(c *Config) {
			other := ListenerTLS{ClientValidation: &ClientValidation{CABundles: []string{"ca"}}}
			c.Listeners = append(c.Listeners, Listener{ID: "x", Gateway: "ns/gw", Protocol: HTTPS, Port: 443, Hostname: "x.test", TLS: &other})
		}, "x", "tls.client_validation"},
		"no server name":       {backendTLS(func(b *BackendTLS) { b.ServerName = "" }), "tls", "tls.server_name"},
		"server name":          {backendTLS(func(b *BackendTLS) { b.ServerName = "*.a.test" }), "tls", "tls.server_name"},
		"no CAs of endpoints":  {backendTLS(func(b *BackendTLS) { b.CABundles = nil }), "tls", "tls.ca_bundles"},
		"both kinds of CAs":    {backendTLS(func(b *BackendTLS) { b.SystemCAs = true }), "tls", "tls.ca_bundles"},
		"unknown backend CA":   {backendTLS(func(b *BackendTLS) { b.CABundles[0] = "x" }), "tls", "tls.ca_bundles[0]"},
		"no name in a SAN":     {backendTLS(func(b *BackendTLS) { b.SubjectAltNames[0] = SubjectAltName{} }), "tls", "tls.subject_alt_names[0]"},
		"two names in a SAN":   {backendTLS(func(b *BackendTLS) { b.SubjectAltNames[0].URI = "spiffe://x" }), "tls", "tls.subject_alt_names[0]"},
		"DNS name":             {backendTLS(func(b *BackendTLS) { b.SubjectAltNames[0].DNS = "a b" }), "tls", "tls.subject_alt_names[0].dns"},
		"URI":                  {backendTLS(func(b *BackendTLS) { b.SubjectAltNames[1].URI = "/web" }), "tls", "tls.subject_alt_names[1].uri"},
		"negative attempts":    {rule(func(r *Rule) { r.Retry.Attempts = -1 }), "r", "rules[0].retry.attempts"},
		"negative backoff":     {rule(func(r *Rule) { r.Retry.Backoff = -1 }), "r", "rules[0].retry.backoff"},
		"code to retry":        {rule(func(r *Rule) { r.Retry.Codes[0] = 200 }), "r", "rules[0].retry.codes[0]"},
		"mirror":               {filter(Filter{Mirror: &Mirror{Backend: "x"}}), "r", "rules[0].filters[0].mirror.backend"},
		"mirror more than all": {filter(Filter{Mirror: &Mirror{Backend: "b", Numerator: 3, Denominator: 2}}), "r", "rules[0].filters[0].mirror.numerator"},
		"mirror of a backend":  {rule(func(r *Rule) { r.Backends[0].Filters = []Filter{{Mirror: &Mirror{}}} }), "r", "rules[0].backends[0].filters[0].mirror.backend"},
		"negative mirror":      {filter(Filter{Mirror: &Mirror{Backend: "b", Denominator: -1}}), "r", "rules[0].filters[0].mirror.denominator"},
		"origin":               {filter(Filter{CORS: &CORS{AllowOrigins: []string{"*", "example.com"}}}), "r", "rules[0].filters[0].cors.allow_origins[1]"},
		"origin with a path":   {filter(Filter{CORS: &CORS{AllowOrigins: []string{"https://a.test/"}}}), "r", "rules[0].filters[0].cors.allow_origins[0]"},
		"port of an origin":    {filter(Filter{CORS: &CORS{AllowOrigins: []string{"https://*:0"}}}), "r", "rules[0].filters[0].cors.allow_origins[0]"},
		"CORS method":          {filter(Filter{CORS: &CORS{AllowMethods: []string{"GET "}}}), "r", "rules[0].filters[0].cors.allow_methods[0]"},
		"CORS header":          {filter(Filter{CORS: &CORS{AllowHeaders: []string{"*", ""}}}), "r", "rules[0].filters[0].cors.allow_headers[1]"},
		"exposed header":       {filter(Filter{CORS: &CORS{ExposeHeaders: []string{"a:b"}}}), "r", "rules[0].filters[0].cors.expose_headers[0]"},
		"CORS age":             {filter(Filter{CORS: &CORS{MaxAge: -1}}), "r", "rules[0].filters[0].cors.max_age"},
		"filter of a backend":  {rule(func(r *Rule) { r.Backends[0].Filters = []Filter{{}} }), "r", "rules[0].backends[0].filters[0]"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := valid(t)
			tc.breaks(c)
			err := c.Validate()
			var refusal *Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("%v", err)
			}
			if refusal.Object != tc.object || refusal.Field != tc.field || refusal.Message == "" {
				t.Errorf("%q %q: %s; want %q %q", refusal.Object, refusal.Field, refusal.Message, tc.object, tc.field)
			}
		})
	}
}

// What is wrong with a key pair is said without the key.
func TestValidateQuotesNoKey(t *testing.T) {
	c := valid(t)
	c.Certificates[0].Key = "SECRET"
	if err := c.Validate(); err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Error(err)
	}
}

func TestRefusalError(t *testing.T) {
	for want, r := range map[string]*Refusal{
		"m":       {Message: "m"},
		"o: m":    {Object: "o", Message: "m"},
		"o: f: m": {Object: "o", Field: "f", Message: "m"},
	} {
		if r.Error() != want {
			t.Errorf("%q, want %q", r.Error(), want)
		}
	}
}

// TestValidateShutListeners has listeners that lost what they verify clients by, beside
// one that did not.
func TestValidateShutListeners(t *testing.T) {
	for _, first := range []bool{true, false} {
		c := valid(t)
		shut := Listener{ID: "x", Gateway: "ns/gw", Protocol: HTTPS, Port: 443, Hostname: "x.test", TLS: &ListenerTLS{}}
		if first {
			c.Listeners = append([]Listener{shut}, c.Listeners...)
		} else {
			c.Listeners = append(c.Listeners, shut)
		}
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func traced(t Tracing) func(*Config) { return func(c *Config) { c.Gateways[0].Tracing = &t } }
