// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/clientaddr"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/filter"
	"github.com/kubera-dev/kubera/caddymodule/router"
	"github.com/kubera-dev/kubera/caddymodule/spread"
	"github.com/kubera-dev/kubera/caddymodule/tracing"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// Compile makes a table of the listeners and routes of requests of a configuration,
// and touches nothing that runs. The error is, or wraps, a *config.Refusal that names
// the object which is wrong.
func (e *Engine) Compile(cfg *config.Config) (*Table, error) {
	c := compiler{
		engine: e,
		table: &Table{
			sockets:   map[string]*socket{},
			metrics:   e.options.Metrics.NewSet(),
			backends:  make(map[upstream.Key]*upstream.Backend, len(cfg.Backends)),
			endpoints: make(map[upstream.Key][]config.Endpoint, len(cfg.Backends)),
			spans:     tracing.Destinations{},
		},
		gateways:  make(map[string]*gateway, len(cfg.Gateways)),
		gatewayOf: make(map[string]string, len(cfg.Listeners)),
		rules:     make(map[string][]router.Rule[binding], len(cfg.Listeners)),
	}
	c.backends = newBackends(&c, cfg)
	c.table.made = c.backends
	for i := range cfg.Listeners {
		c.gatewayOf[cfg.Listeners[i].ID] = cfg.Listeners[i].Gateway
	}
	e.exporters.Keep(c.table.metrics)
	for i := range cfg.Gateways {
		if err := c.addGateway(&cfg.Gateways[i]); err != nil {
			return nil, err
		}
	}
	for i := range cfg.Routes {
		if cfg.Routes[i].Protocol.Streams() {
			continue // not of requests: packages l4 and datagram
		}
		if err := c.addRoute(&cfg.Routes[i]); err != nil {
			return nil, err
		}
	}
	for id := range inUse(cfg) {
		c.table.metrics.UseBackend(id)
	}
	if err := c.backends.rest(cfg.Backends); err != nil {
		return nil, err
	}
	if err := c.addListeners(cfg); err != nil {
		return nil, err
	}
	return c.table, nil
}

// compiler holds what is known by name while a table is made.
type compiler struct {
	engine    *Engine
	table     *Table
	backends  *backends
	gateways  map[string]*gateway
	gatewayOf map[string]string                 // by listener
	rules     map[string][]router.Rule[binding] // by listener
}

func (c *compiler) addGateway(spec *config.Gateway) error {
	clients, err := clientaddr.New(spec.ClientAddress)
	if err != nil {
		return locate(err, spec.ID, "")
	}
	g := &gateway{id: spec.ID, clients: clients, errors: spec.ErrorResponses}
	if g.client, err = c.backends.client(spec.BackendClientCertificate); err != nil {
		return locate(err, spec.ID, "")
	}
	g.log = accesslog.New(spec.AccessLog, c.engine.options.AccessLog)
	g.tracer = c.engine.exporters.Tracer(spec, c.table.spans, c.table.metrics)
	if spec.Limits != nil {
		g.maxBody = spec.Limits.MaxRequestBodyBytes
	}
	c.gateways[spec.ID] = g
	return nil
}

// addRoute compiles each rule once, however many listeners it is attached to: a
// rule spreads its requests as one.
func (c *compiler) addRoute(route *config.Route) error {
	rules := make([]*rule, len(route.Rules))
	by := c.userOf(route)
	for i := range route.Rules {
		compiled, err := c.rule(route, i, by)
		if err != nil {
			return err
		}
		rules[i] = compiled
	}
	for _, a := range route.Attachments {
		numbers := c.table.metrics.Route(c.gatewayOf[a.Listener], a.Listener, route.ID)
		for i := range route.Rules {
			c.rules[a.Listener] = append(c.rules[a.Listener], router.Rule[binding]{
				Hostnames: a.Hostnames,
				Matches:   route.Rules[i].Matches,
				Created:   route.Created,
				RouteID:   route.ID,
				Index:     i,
				Value:     binding{rules[i], numbers},
			})
		}
	}
	return nil
}

// userOf says how the rules of a route reach their backends.
func (c *compiler) userOf(route *config.Route) user {
	by := user{protocol: config.BackendHTTP}
	if route.Protocol == config.RouteGRPC {
		by.protocol = config.BackendHTTP2
	}
	for _, a := range route.Attachments {
		if g, ok := c.gateways[c.gatewayOf[a.Listener]]; ok && !slices.Contains(by.clients, g.client) {
			by.clients = append(by.clients, g.client)
		}
	}
	return by
}

func (c *compiler) rule(route *config.Route, index int, by user) (*rule, error) {
	spec, at := &route.Rules[index], field("rules", index)
	r := &rule{route: route.ID, name: cmp.Or(spec.Name, at), errorStatus: spec.ErrorStatus, retry: spec.Retry}
	if spec.Timeouts != nil {
		r.requestTimeout = time.Duration(spec.Timeouts.Request)
		r.tryTimeout = time.Duration(spec.Timeouts.BackendRequest)
	}
	var err error
	if r.filters, err = c.filters(spec.Filters, r, by); err != nil {
		return nil, locate(err, route.ID, at)
	}
	weights := make([]int32, len(spec.Backends))
	r.shares = make([]share, len(spec.Backends))
	for i := range spec.Backends {
		weights[i] = spec.Backends[i].Weight
		if r.shares[i], err = c.share(&spec.Backends[i], r, by); err != nil {
			return nil, locate(err, route.ID, at+"."+field("backends", i))
		}
	}
	r.spread = spread.New(weights)
	r.cors = r.answersPreflights(weights)
	return r, nil
}

func (c *compiler) share(spec *config.WeightedBackend, r *rule, by user) (share, error) {
	chain, err := c.filters(spec.Filters, r, by)
	if err != nil || spec.Backend == "" {
		return share{filters: chain}, err
	}
	backend, err := c.backends.target(spec.Backend, by)
	return share{backend: backend, filters: chain}, err
}

// filters compiles filters of a rule, and notes in the rule whom they send copies to.
func (c *compiler) filters(list []config.Filter, r *rule, by user) (*filter.Chain, error) {
	for i := range list {
		if list[i].Mirror == nil {
			continue
		}
		id := list[i].Mirror.Backend
		backend, err := c.backends.target(id, by)
		if err != nil {
			return nil, locate(err, "", field("filters", i)+".mirror")
		}
		if r.mirrors == nil {
			r.mirrors = map[string]mirrored{}
		}
		r.mirrors[id] = mirrored{backend: backend, metrics: c.table.metrics.Backend(id)}
	}
	return filter.Compile(list)
}

// locate puts the object and the field around it in front of a Refusal's field,
// unless it is about another object.
func locate(err error, object, at string) error {
	var refusal *config.Refusal
	if !errors.As(err, &refusal) {
		return &config.Refusal{Object: object, Field: at, Message: err.Error()}
	}
	if refusal.Object != "" {
		return refusal
	}
	located := *refusal
	located.Object = object
	switch {
	case located.Field == "":
		located.Field = at
	case at != "":
		located.Field = at + "." + located.Field
	}
	return &located
}

func (c *compiler) addListeners(cfg *config.Config) error {
	specs, http3 := cfg.Listeners, cfg.HTTP3Addresses()
	sockets := map[string]map[string]*listener{}
	for i := range specs {
		spec := &specs[i]
		if spec.Protocol != config.HTTP && spec.Protocol != config.HTTPS {
			continue
		}
		g, ok := c.gateways[spec.Gateway]
		if !ok {
			return &config.Refusal{Object: spec.ID, Field: "gateway", Message: fmt.Sprintf("there is no gateway %q", spec.Gateway)}
		}
		rules, err := router.Compile(c.rules[spec.ID])
		if err != nil {
			return err
		}
		address := spec.BindAddress()
		if sockets[address] == nil {
			sockets[address] = map[string]*listener{}
			c.table.sockets[address] = &socket{
				tls:     spec.Protocol == config.HTTPS,
				refused: c.table.metrics.Route(spec.Gateway, "", ""),
			}
		}
		if other, taken := sockets[address][spec.Hostname]; taken {
			return &config.Refusal{
				Object: spec.ID, Field: "hostname",
				Message: fmt.Sprintf("listener %q has the hostname %q on the same address", other.id, spec.Hostname),
			}
		}
		l := &listener{
			id: spec.ID, gateway: g, port: spec.Port, rules: rules,
			cors:      slices.ContainsFunc(c.rules[spec.ID], func(r router.Rule[binding]) bool { return r.Value.rule.cors }),
			unmatched: c.table.metrics.Route(spec.Gateway, spec.ID, ""),
		}
		if http3[address] {
			l.altSvc = altSvc(spec.Port)
		}
		sockets[address][spec.Hostname] = l
	}
	c.addForeign(specs, sockets)
	for address, byHost := range sockets {
		c.table.sockets[address].listeners = router.NewHosts(byHost)
	}
	return nil
}

// addForeign gives the hostnames of TLS listeners to themselves: a request for one of
// them, on a connection that was made for another, is for no HTTPS listener.
func (c *compiler) addForeign(specs []config.Listener, sockets map[string]map[string]*listener) {
	for i := range specs {
		spec := &specs[i]
		byHost := sockets[spec.BindAddress()]
		if spec.Protocol != config.TLS || byHost == nil || byHost[spec.Hostname] != nil {
			continue
		}
		byHost[spec.Hostname] = &listener{
			id: spec.ID, gateway: c.gateways[spec.Gateway], port: spec.Port, foreign: true,
			unmatched: c.table.sockets[spec.BindAddress()].refused,
		}
	}
}
