// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package l4

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/router"
	"github.com/kubera-dev/kubera/caddymodule/spread"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// Source has the backends and the series of a configuration that is being compiled.
// *proxy.Table is one: all backends of a process are in one registry.
type Source interface {
	// Bytes returns a backend for connections that come in by a Gateway, over TLS if
	// the backend has that.
	Bytes(id, gateway string) (*upstream.Backend, error)
	// Passthrough returns a backend for connections that are encrypted already.
	Passthrough(id string) (*upstream.Backend, error)
	// Metrics are the series.
	Metrics() *metrics.Set
}

// Compile makes a table of the TLS and TCP listeners of a configuration and the routes
// attached to them, and touches nothing that runs. The error is a *config.Refusal.
func (e *Engine) Compile(cfg *config.Config, from Source) (*Table, error) {
	c := compiler{
		from:     from,
		table:    &Table{listeners: map[string]*listener{}},
		gateways: make(map[string]*gateway, len(cfg.Gateways)),
		kinds:    map[string]kind{},
		routes:   map[string]map[string]*binding{},
	}
	for i := range cfg.Gateways {
		c.addGateway(&cfg.Gateways[i], e.options)
	}
	for i := range cfg.Listeners {
		c.addListener(&cfg.Listeners[i])
	}
	if err := c.addRoutes(cfg.Routes); err != nil {
		return nil, err
	}
	for id, l := range c.table.listeners {
		l.routes = router.NewHosts(c.routes[id])
	}
	return c.table, nil
}

// compiler holds what is known by name while a table is made.
type compiler struct {
	from     Source
	table    *Table
	gateways map[string]*gateway
	kinds    map[string]kind                // by listener
	routes   map[string]map[string]*binding // by listener and hostname
}

// kind says how the backends of a listener's connections are reached.
type kind struct {
	gateway     string
	passthrough bool
}

func (c *compiler) addGateway(spec *config.Gateway, options Options) {
	g := &gateway{id: spec.ID, proxyHeader: spec.SendProxyProtocol}
	if spec.Limits != nil {
		g.idle = time.Duration(spec.Limits.TCPIdleTimeout)
	}
	g.log = accesslog.New(spec.AccessLog, options.AccessLog)
	c.gateways[spec.ID] = g
}

func (c *compiler) addListener(spec *config.Listener) {
	if spec.Protocol != config.TLS && spec.Protocol != config.TCP {
		return
	}
	c.kinds[spec.ID] = kind{spec.Gateway, spec.TLS != nil && spec.TLS.Mode == config.TLSPassthrough}
	c.routes[spec.ID] = map[string]*binding{}
	c.table.listeners[spec.ID] = &listener{
		gateway:   c.gateways[spec.Gateway],
		id:        spec.ID,
		proto:     string(spec.Protocol),
		unmatched: c.from.Metrics().Connections(spec.Gateway, spec.ID, ""),
	}
}

// addRoutes files the routes by precedence: the first under a hostname stays.
func (c *compiler) addRoutes(specs []config.Route) error {
	var sorted []*config.Route
	for i := range specs {
		if p := specs[i].Protocol; p == config.RouteTLS || p == config.RouteTCP {
			sorted = append(sorted, &specs[i])
		}
	}
	slices.SortFunc(sorted, func(a, b *config.Route) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.ID, b.ID))
	})
	for _, spec := range sorted {
		if err := c.addRoute(spec); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) addRoute(spec *config.Route) error {
	var backends []config.WeightedBackend
	if len(spec.Rules) > 0 {
		backends = spec.Rules[0].Backends
	}
	weights := make([]int32, len(backends))
	for i := range backends {
		weights[i] = backends[i].Weight
	}
	s := spread.New(weights)
	for _, a := range spec.Attachments {
		k, ok := c.kinds[a.Listener]
		if !ok {
			return &config.Refusal{Object: spec.ID, Field: "attachments", Message: fmt.Sprintf("%q is not for connections", a.Listener)}
		}
		shares, err := c.shares(backends, k)
		if err != nil {
			return locate(err, spec.ID)
		}
		b := &binding{
			route: spec.ID, shares: shares, spread: s,
			metrics: c.from.Metrics().Connections(k.gateway, a.Listener, spec.ID),
		}
		hostnames := a.Hostnames
		if len(hostnames) == 0 {
			hostnames = []string{""}
		}
		for _, name := range hostnames {
			name = router.NormalizeHost(name)
			if c.routes[a.Listener][name] == nil {
				c.routes[a.Listener][name] = b
			}
		}
	}
	return nil
}

func (c *compiler) shares(backends []config.WeightedBackend, k kind) ([]share, error) {
	shares := make([]share, len(backends))
	for i := range backends {
		id := backends[i].Backend
		if id == "" {
			continue
		}
		shares[i].id = id
		var err error
		if k.passthrough {
			shares[i].backend, err = c.from.Passthrough(id)
		} else {
			shares[i].backend, err = c.from.Bytes(id, k.gateway)
		}
		if err != nil {
			return nil, err
		}
	}
	return shares, nil
}

// locate names the route in a Refusal that names no object.
func locate(err error, route string) error {
	var refusal *config.Refusal
	if !errors.As(err, &refusal) {
		return &config.Refusal{Object: route, Field: "rules[0].backends", Message: err.Error()}
	}
	if refusal.Object != "" {
		return refusal
	}
	located := *refusal
	located.Object, located.Field = route, "rules[0].backends"
	return &located
}
