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
	listener       string
	settings       settings
	maxConnections int
	proxy          *proxyProtocol
	tls            *tlsHosts // nil for HTTP
}

// The defaults of config.Limits.
const (
	defaultMaxRequestHeaderBytes = 64 << 10
	defaultMaxConcurrentStreams  = 250
	defaultRequestHeaderTimeout  = config.Duration(60 * time.Second)
	defaultIdleTimeout           = config.Duration(180 * time.Second)
)

// socketSpecs returns the specs by address. secure are the HTTPS listeners by ID.
func socketSpecs(cfg *config.Config, secure map[string]*secureListener) (map[string]*socketSpec, error) {
	gateways := make(map[string]*config.Gateway, len(cfg.Gateways))
	for i := range cfg.Gateways {
		gateways[cfg.Gateways[i].ID] = &cfg.Gateways[i]
	}
	specs := map[string]*socketSpec{}
	hosts := map[string]map[string]*tls.Config{}
	for i := range cfg.Listeners {
		l := &cfg.Listeners[i]
		address := l.BindAddress()
		if l.Protocol == config.HTTPS {
			if hosts[address] == nil {
				hosts[address] = map[string]*tls.Config{}
			}
			hosts[address][l.Hostname] = secure[l.ID].config
		}
		if specs[address] == nil { // others are of the same Gateway and protocol
			spec, err := newSocketSpec(l, gateways[l.Gateway])
			if err != nil {
				return nil, err
			}
			specs[address] = spec
		}
		// Those that let anybody in do it by the same rule.
		if s := &specs[address].settings; s.tls && s.clients.mode == nobody {
			s.clients = secure[l.ID].clients
		}
	}
	for address, h := range hosts {
		specs[address].tls = router.NewHosts(h)
	}
	return specs, nil
}

func newSocketSpec(l *config.Listener, gateway *config.Gateway) (*socketSpec, error) {
	spec := &socketSpec{listener: l.ID}
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
	spec.settings = settings{
		tls:                  l.Protocol == config.HTTPS,
		maxHeaderBytes:       cmp.Or(limits.MaxRequestHeaderBytes, defaultMaxRequestHeaderBytes),
		maxConcurrentStreams: cmp.Or(limits.MaxConcurrentStreams, defaultMaxConcurrentStreams),
		headerTimeout:        time.Duration(cmp.Or(limits.RequestHeaderTimeout, defaultRequestHeaderTimeout)),
		idleTimeout:          time.Duration(cmp.Or(limits.IdleTimeout, defaultIdleTimeout)),
	}
	if spec.settings.tls {
		spec.settings.clients.mode = nobody // until a listener says otherwise
	}
	return spec, nil
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
