// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Validate checks all that can be wrong in a Config without looking outside of
// it: unique IDs, references that lead somewhere, values within their bounds. The
// error is a *Refusal that names the object, the field and what is expected.
//
// It parses every certificate and compiles every expression, so it costs about
// as much as compiling the Config and belongs off the request path.
func (c *Config) Validate() error {
	v := validator{
		gateways:     index(c.Gateways),
		listeners:    make(map[string]*Listener, len(c.Listeners)),
		backends:     index(c.Backends),
		certificates: index(c.Certificates),
		bundles:      index(c.CABundles),
	}
	for i := range c.Listeners {
		v.listeners[c.Listeners[i].ID] = &c.Listeners[i]
	}
	checks := []func() error{
		func() error { return c.validateLogLevel() },
		func() error { return each("certificates", c.Certificates, (*Certificate).validate) },
		func() error { return each("ca_bundles", c.CABundles, (*CABundle).validate) },
		func() error { return each("gateways", c.Gateways, v.gateway) },
		func() error { return each("listeners", c.Listeners, v.listener) },
		func() error { return sockets(c.Listeners) },
		func() error { return each("backends", c.Backends, v.backend) },
		func() error { return each("routes", c.Routes, v.route) },
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// validator knows what can be referred to.
type validator struct {
	gateways, backends, certificates, bundles map[string]bool
	listeners                                 map[string]*Listener
}

func index[T identified](list []T) map[string]bool {
	m := make(map[string]bool, len(list))
	for i := range list {
		m[list[i].identity()] = true
	}
	return m
}

// each checks that objects have IDs of their own and are valid by themselves.
func each[T identified](name string, list []T, valid func(*T) error) error {
	seen := make(map[string]bool, len(list))
	for i := range list {
		id := list[i].identity()
		switch {
		case id == "":
			return &Refusal{Field: fmt.Sprintf("%s[%d].id", name, i), Message: "an ID is needed"}
		case seen[id]:
			return &Refusal{Object: id, Field: name, Message: "the ID is there twice"}
		}
		seen[id] = true
		if err := valid(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

func refuse(object, field, format string, args ...any) error {
	return &Refusal{Object: object, Field: field, Message: fmt.Sprintf(format, args...)}
}

func (c *Config) validateLogLevel() error {
	return oneOf("", "log_level", c.LogLevel, "", "debug", "info", "warn", "error")
}

func oneOf[S ~string](object, field string, value S, allowed ...S) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	var names []string
	for _, a := range allowed {
		if a != "" {
			names = append(names, string(a))
		}
	}
	return refuse(object, field, "%q is not one of %s", value, strings.Join(names, ", "))
}

func (v *validator) gateway(g *Gateway) error {
	if err := g.AccessLog.validate(g.ID); err != nil {
		return err
	}
	if err := g.Tracing.validate(g.ID); err != nil {
		return err
	}
	if err := oneOf(g.ID, "error_responses", g.ErrorResponses, "", ErrorEmpty, ErrorHTML, ErrorProblem); err != nil {
		return err
	}
	if a := g.ClientAddress; a != nil {
		if err := prefixes(g.ID, "client_address.trusted_proxies", a.TrustedProxies); err != nil {
			return err
		}
		if err := a.ValidateHeader(); err != nil {
			return refuse(g.ID, "client_address.header", "%v", err)
		}
	}
	if err := oneOf(g.ID, "send_proxy_protocol", g.SendProxyProtocol, "", ProxyProtocolV1, ProxyProtocolV2); err != nil {
		return err
	}
	if id := g.BackendClientCertificate; id != "" && !v.certificates[id] {
		return refuse(g.ID, "backend_client_certificate", "there is no certificate %q", id)
	}
	return g.Limits.validate(g.ID)
}

func (l *Limits) validate(id string) error {
	if l == nil {
		return nil
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"max_request_header_bytes", int64(l.MaxRequestHeaderBytes)},
		{"max_request_body_bytes", l.MaxRequestBodyBytes},
		{"max_connections", int64(l.MaxConnections)},
		{"max_concurrent_streams", int64(l.MaxConcurrentStreams)},
		{"request_header_timeout", int64(l.RequestHeaderTimeout)},
		{"idle_timeout", int64(l.IdleTimeout)},
		{"tcp_idle_timeout", int64(l.TCPIdleTimeout)},
		{"udp_idle_timeout", int64(l.UDPIdleTimeout)},
		{"max_udp_sessions", int64(l.MaxUDPSessions)},
	} {
		if f.value < 0 {
			return refuse(id, "limits."+f.name, "must not be negative")
		}
	}
	return nil
}

func (v *validator) listener(l *Listener) error {
	if !v.gateways[l.Gateway] {
		return refuse(l.ID, "gateway", "there is no gateway %q", l.Gateway)
	}
	if err := oneOf(l.ID, "protocol", l.Protocol, HTTP, HTTPS, TLS, TCP, UDP); err != nil {
		return err
	}
	if l.Port < 1 || l.Port > 65535 {
		return refuse(l.ID, "port", "%d is not from 1 to 65535", l.Port)
	}
	if _, port, err := net.SplitHostPort(l.BindAddress()); err != nil {
		return refuse(l.ID, "address", "%q is not host:port", l.Address)
	} else if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return refuse(l.ID, "address", "the port of %q is not from 1 to 65535", l.Address)
	} else if n == ControlPort || n == StatusPort {
		return refuse(l.ID, "address", "port %d is taken by the proxy itself, choose another", n)
	}
	if err := hostname(l.ID, "hostname", l.Hostname, true); err != nil {
		return err
	}
	if l.Hostname != "" && (l.Protocol == TCP || l.Protocol == UDP) {
		return refuse(l.ID, "hostname", "does not go with protocol %s, which knows no names", l.Protocol)
	}
	if (l.TLS != nil) != (l.Protocol == HTTPS || l.Protocol == TLS) {
		return refuse(l.ID, "tls", "goes with the protocols HTTPS and TLS, and only with them")
	}
	return v.listenerTLS(l)
}

// sockets checks what listeners of one address have to agree on.
func sockets(listeners []Listener) error {
	first := map[string]*Listener{}
	open := map[string]*Listener{} // the first of those that are not shut
	taken := map[string]string{}
	for i := range listeners {
		l := &listeners[i]
		address := l.BindAddress()
		socket := address
		if l.Protocol == UDP {
			socket += " UDP"
		}
		f, ok := first[socket]
		if !ok {
			f, first[socket] = l, l
		}
		o, ok := open[socket]
		if !ok {
			o = l
			if !l.TLS.shut() {
				open[socket] = l
			}
		}
		name := socket + " " + strings.ToLower(l.Hostname)
		switch other, ok := taken[name]; {
		case !f.Protocol.sharesAddress(l.Protocol):
			return refuse(l.ID, "protocol", "%s has the address %s too, with protocol %s", f.ID, address, f.Protocol)
		case f.Gateway != l.Gateway:
			return refuse(l.ID, "address", "%s of another gateway has the address %s already", f.ID, address)
		case ok:
			return refuse(l.ID, "hostname", "%s has the same address and hostname", other)
		case !o.TLS.agrees(l.TLS):
			return refuse(l.ID, "tls.client_validation", "%s has the address %s too, with another client validation", o.ID, address)
		}
		taken[name] = l.ID
	}
	return nil
}

// sharesAddress says whether listeners with these protocols may have the same address.
func (p Protocol) sharesAddress(other Protocol) bool {
	byName := func(p Protocol) bool { return p == HTTPS || p == TLS }
	return p == other || byName(p) && byName(other)
}

func (v *validator) backend(b *Backend) error {
	if err := oneOf(b.ID, "protocol", b.Protocol, "", BackendHTTP, BackendHTTP2); err != nil {
		return err
	}
	if err := v.backendTLS(b); err != nil {
		return err
	}
	return b.validateEndpoints()
}

func (b *Backend) validateEndpoints() error {
	seen := make(map[string]bool, len(b.Endpoints))
	for i, e := range b.Endpoints {
		field := fmt.Sprintf("endpoints[%d].address", i)
		host, port, err := net.SplitHostPort(e.Address)
		if err != nil || host == "" {
			return refuse(b.ID, field, "%q is not host:port", e.Address)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return refuse(b.ID, field, "the port of %q is not from 1 to 65535", e.Address)
		}
		if seen[e.Address] {
			return refuse(b.ID, field, "%q is there twice", e.Address)
		}
		seen[e.Address] = true
	}
	return nil
}

func prefixes(object, field string, entries []string) error {
	for i, entry := range entries {
		if _, err := ParsePrefix(entry); err != nil {
			return refuse(object, fmt.Sprintf("%s[%d]", field, i), "%v", err)
		}
	}
	return nil
}

// hostname checks a name or a wildcard; empty is every name where that is allowed.
func hostname(object, field, name string, empty bool) error {
	if name == "" && empty || len(name) <= 253 && isHostname(strings.TrimPrefix(name, "*.")) {
		return nil
	}
	return refuse(object, field, "%q is neither a hostname nor a wildcard such as *.example.com", name)
}

// preciseHostname checks the name that a filter puts in place of a request's,
// where empty keeps that.
func preciseHostname(object, field, name string) error {
	if name == "" || len(name) <= 253 && isHostname(name) {
		return nil
	}
	return refuse(object, field, "%q is not a hostname such as www.example.com", name)
}

// isHostname lets nothing through that would be more than a host in a URI.
func isHostname(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" {
			return false
		}
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
}

// isToken says whether s can be the name of a header field or a method (RFC 9110,
// section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		digit := '0' <= c && c <= '9'
		if !letter && !digit && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
