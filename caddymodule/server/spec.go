// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/addrset"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/router"
)

// socketSpec is what a configuration wants of one socket.
type socketSpec struct {
	// listener is the ID of one of the listeners of the socket, for messages.
	listener string
	// gateway is the ID of the Gateway that all of them belong to.
	gateway        string
	maxConnections int
	proxy          *proxyProtocol

	http    *settings    // nil without HTTP and HTTPS listeners
	tls     *tlsHosts    // of HTTPS listeners; nil without any
	http3   bool         // HTTPS listeners serve HTTP/3, too
	streams []streamSpec // the TLS listeners, or the one for TCP
	// names are the IDs of the HTTPS and TLS listeners by hostname; nil without TLS
	// listeners, as the others need not be told apart before the handshake.
	names map[string]string
}

// The defaults of config.Limits.
const (
	defaultMaxRequestHeaderBytes = 64 << 10
	defaultMaxConcurrentStreams  = 250
	defaultRequestHeaderTimeout  = config.Duration(60 * time.Second)
	defaultIdleTimeout           = config.Duration(180 * time.Second)
)

// socketSpecs returns the specs by address. secure are the listeners that terminate TLS
// by ID.
func socketSpecs(cfg *config.Config, secure map[string]*secureListener) (map[string]*socketSpec, error) {
	gateways := make(map[string]*config.Gateway, len(cfg.Gateways))
	for i := range cfg.Gateways {
		gateways[cfg.Gateways[i].ID] = &cfg.Gateways[i]
	}
	byAddress := map[string][]*config.Listener{}
	for i := range cfg.Listeners {
		l := &cfg.Listeners[i]
		if l.Protocol != config.UDP {
			byAddress[l.BindAddress()] = append(byAddress[l.BindAddress()], l)
		}
	}
	specs, http3 := make(map[string]*socketSpec, len(byAddress)), cfg.HTTP3Addresses()
	for address, listeners := range byAddress {
		spec, err := newSocketSpec(listeners, gateways[listeners[0].Gateway], secure)
		if err != nil {
			return nil, err
		}
		spec.http3 = http3[address]
		specs[address] = spec
	}
	return specs, nil
}

// newSocketSpec returns the spec of the listeners of one address, which are of one
// Gateway.
func newSocketSpec(listeners []*config.Listener, gateway *config.Gateway, secure map[string]*secureListener) (*socketSpec, error) {
	spec := &socketSpec{listener: listeners[0].ID, gateway: listeners[0].Gateway}
	var limits config.Limits
	if gateway != nil {
		if gateway.Limits != nil {
			limits = *gateway.Limits
		}
		var err error
		if spec.proxy, err = newProxyProtocol(gateway); err != nil {
			return nil, err
		}
	}
	spec.maxConnections = limits.MaxConnections
	hosts, names := map[string]*tls.Config{}, map[string]string{}
	for _, l := range listeners {
		if isStream(l) {
			spec.streams = append(spec.streams, newStreamSpec(l, secure[l.ID]))
			// What is for this listener is none of the others'.
			hosts[l.Hostname] = refuseHandshake
		} else {
			spec.addHTTP(l, &limits, secure[l.ID])
			if l.Protocol == config.HTTPS {
				hosts[l.Hostname] = secure[l.ID].config
			}
		}
		names[l.Hostname] = l.ID
	}
	if spec.http != nil && spec.http.tls {
		spec.tls = router.NewHosts(hosts)
	}
	if slices.ContainsFunc(listeners, func(l *config.Listener) bool { return l.Protocol == config.TLS }) {
		spec.names = names
	}
	return spec, nil
}

// addHTTP adds an HTTP or HTTPS listener.
func (s *socketSpec) addHTTP(l *config.Listener, limits *config.Limits, secure *secureListener) {
	if s.http == nil { // others are of the same Gateway and protocol
		s.http = &settings{
			tls:                  l.Protocol == config.HTTPS,
			maxHeaderBytes:       cmp.Or(limits.MaxRequestHeaderBytes, defaultMaxRequestHeaderBytes),
			maxConcurrentStreams: cmp.Or(limits.MaxConcurrentStreams, defaultMaxConcurrentStreams),
			headerTimeout:        time.Duration(cmp.Or(limits.RequestHeaderTimeout, defaultRequestHeaderTimeout)),
			idleTimeout:          time.Duration(cmp.Or(limits.IdleTimeout, defaultIdleTimeout)),
		}
		if s.http.tls {
			s.http.clients.mode = nobody // until a listener says otherwise
		}
	}
	// Those that let anybody in do it by the same rule.
	if s.http.tls && s.http.clients.mode == nobody {
		s.http.clients = secure.clients
	}
}

// isStream reports whether the connections of a listener are for a stream.Handler.
func isStream(l *config.Listener) bool { return l.Protocol == config.TCP || l.Protocol == config.TLS }

// terminates reports whether TLS sessions end at a listener.
func terminates(l *config.Listener) bool {
	return l.Protocol == config.HTTPS ||
		l.Protocol == config.TLS && (l.TLS == nil || l.TLS.Mode != config.TLSPassthrough)
}

// newStreamSpec returns the spec of a TLS or TCP listener. secure is nil where TLS is
// not terminated.
func newStreamSpec(l *config.Listener, secure *secureListener) streamSpec {
	spec := streamSpec{id: l.ID, kind: kindTCP, secure: secure}
	switch {
	case secure != nil:
		spec.kind = kindTerminate
	case l.Protocol == config.TLS:
		spec.kind = kindPassthrough
	}
	return spec
}

func newProxyProtocol(gateway *config.Gateway) (*proxyProtocol, error) {
	if gateway.ClientAddress == nil || !gateway.ClientAddress.ProxyProtocol {
		return nil, nil
	}
	trusted, i, err := addrset.Parse(gateway.ClientAddress.TrustedProxies)
	if err != nil {
		return nil, &config.Refusal{
			Object:  gateway.ID,
			Field:   fmt.Sprintf("client_address.trusted_proxies[%d]", i),
			Message: err.Error(),
		}
	}
	return &proxyProtocol{required: true, trusted: trusted}, nil
}

// hostPort is the address to bind for the key of a socket, its empty host
// being replaced by bindHost.
func hostPort(address, bindHost string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	return net.JoinHostPort(cmp.Or(host, bindHost), port), nil
}

// addresses of the specs, sorted, so that refusals are the same each time.
func addresses(specs map[string]*socketSpec) []string {
	all := make([]string, 0, len(specs))
	for address := range specs {
		all = append(all, address)
	}
	slices.Sort(all)
	return all
}
