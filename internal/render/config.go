// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"net"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// Options of a configuration.
type Options struct {
	// PortOffset is added to the port of each listener to get the port that is
	// bound, for use without privileges. A sum above 65535 is left out: the
	// listener is bound to its own port. Default: 0.
	PortOffset int32
	// Hosts are the addresses to bind the listeners of a Gateway to. Default:
	// all addresses.
	Hosts map[types.NamespacedName]string
	// LogLevel of the proxy, where no Gateway's parameters have one. Of several
	// Gateways the last that has one decides.
	LogLevel string
}

// Config gives the configuration of a proxy that serves the Gateways, one by the
// operator, all of them by kubera run. No two of them may have a port in common,
// unless Options.Hosts keeps them apart. The result is sealed.
func Config(gateways []*gatewayapi.Gateway, o Options) *config.Config {
	r := renderer{
		options:      o,
		config:       &config.Config{LogLevel: o.LogLevel},
		routes:       map[string]*config.Route{},
		backends:     map[string]*gatewayapi.Backend{},
		certificates: map[string]*gatewayapi.Certificate{},
		bundles:      map[string]*gatewayapi.CABundle{},
	}
	for _, g := range gateways {
		if g.Accepted {
			r.add(g)
		}
	}
	return r.finish()
}

// renderer collects the objects of all Gateways. What several share is there once.
type renderer struct {
	options      Options
	config       *config.Config
	routes       map[string]*config.Route
	backends     map[string]*gatewayapi.Backend
	certificates map[string]*gatewayapi.Certificate
	bundles      map[string]*gatewayapi.CABundle
}

func (r *renderer) add(g *gatewayapi.Gateway) {
	r.config.Gateways = append(r.config.Gateways, gateway(g))
	if level := logLevel(g); level != "" {
		r.config.LogLevel = level
	}
	for _, l := range g.Listeners {
		r.config.Listeners = append(r.config.Listeners, r.listener(g, l))
	}
	for _, route := range g.Routes {
		r.route(g, route)
	}
	for _, b := range g.Backends {
		r.backends[b.ID()] = b
	}
	if c := g.BackendClientCertificate; c != nil {
		r.certificates[c.ID()] = c
	}
}

func (r *renderer) listener(g *gatewayapi.Gateway, l *gatewayapi.Listener) config.Listener {
	listener := config.Listener{
		ID:       listenerID(g, l),
		Gateway:  g.ID(),
		Protocol: l.Protocol,
		Port:     l.Port,
		Address:  r.address(g, l.Port),
		Hostname: l.Hostname,
	}
	if l.Protocol == config.HTTPS || l.Protocol == config.TLS {
		listener.TLS = r.listenerTLS(l)
	}
	return listener
}

// address is empty where it is that which the port implies.
func (r *renderer) address(g *gatewayapi.Gateway, port int32) string {
	host, bound := r.options.Hosts[g.Name()], port+r.options.PortOffset
	if bound > 65535 || bound < 1 {
		bound = port
	}
	if host == "" && bound == port {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(int(bound)))
}

func listenerID(g *gatewayapi.Gateway, l *gatewayapi.Listener) string {
	if l.Set.Name != "" {
		return "ListenerSet/" + l.Set.String() + "/" + l.Name
	}
	return g.ID() + "/" + l.Name
}

// route adds a route, or the attachments of a route that another Gateway has, too.
func (r *renderer) route(g *gatewayapi.Gateway, model *gatewayapi.Route) {
	route := r.routes[model.ID()]
	if route == nil {
		route = &config.Route{ID: model.ID(), Protocol: model.Protocol, Rules: rules(model.Rules)}
		if !model.Created.IsZero() {
			route.Created = model.Created.Unix()
		}
		r.routes[model.ID()] = route
	}
	for _, a := range model.Attachments {
		route.Attachments = append(route.Attachments, config.Attachment{
			Listener:  listenerID(g, a.Listener),
			Hostnames: a.Hostnames,
		})
	}
}

func rules(models []*gatewayapi.Rule) []config.Rule {
	rules := make([]config.Rule, 0, len(models))
	for _, m := range models {
		rule := config.Rule{
			Name:        m.Name,
			Matches:     m.Matches,
			ErrorStatus: m.ErrorStatus,
			Filters:     m.Filters,
			Timeouts:    m.Timeouts,
			Retry:       m.Retry,
		}
		for _, share := range m.Backends {
			backend := config.WeightedBackend{Weight: share.Weight, Filters: share.Filters}
			if share.Backend != nil {
				backend.Backend = share.Backend.ID()
			}
			rule.Backends = append(rule.Backends, backend)
		}
		rules = append(rules, rule)
	}
	return rules
}

// finish sorts everything and gives the configuration its version.
func (r *renderer) finish() *config.Config {
	for _, route := range r.routes {
		slices.SortFunc(route.Attachments, func(a, b config.Attachment) int { return cmp.Compare(a.Listener, b.Listener) })
		r.config.Routes = append(r.config.Routes, *route)
	}
	for _, b := range r.backends {
		r.config.Backends = append(r.config.Backends, r.backend(b))
	}
	for _, c := range r.certificates {
		r.config.Certificates = append(r.config.Certificates, config.Certificate{ID: c.ID(), Chain: c.Chain, Key: c.Key})
	}
	for _, b := range r.bundles {
		r.config.CABundles = append(r.config.CABundles, config.CABundle{ID: b.ID(), Certificates: b.Certificates})
	}
	config.Seal(r.config)
	return r.config
}
