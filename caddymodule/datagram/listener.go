// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"cmp"
	"slices"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/spread"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// The defaults of config.Limits.
const (
	defaultIdle        = config.Duration(60 * time.Second)
	defaultMaxSessions = 16384
)

// listener is what a configuration wants of a socket. Immutable once in use, but for
// the counters by which its routes spread sessions.
type listener struct {
	id, gateway string
	idle        time.Duration
	maxSessions int64
	log         *accesslog.Logger // nil for none
	drops       *metrics.Drops
	// routes that are attached. The first takes all new sessions.
	routes []*route
}

// route is a route at a listener.
type route struct {
	id       string
	created  int64
	shares   []share
	weights  []int32
	spread   *spread.Spread // nil if no share has a weight
	sessions *metrics.Sessions
}

// share is a backend of a route.
type share struct {
	// backend is its ID, empty if it could not be resolved.
	backend string
	// upstream is nil for those.
	upstream *upstream.Backend
}

// listeners returns what cfg wants, by address. Nothing of it is in use, or has found
// its metrics and backends: see resolve.
func listeners(cfg *config.Config, accessLog zapcore.WriteSyncer) map[string]*listener {
	gateways := make(map[string]*config.Gateway, len(cfg.Gateways))
	for i := range cfg.Gateways {
		gateways[cfg.Gateways[i].ID] = &cfg.Gateways[i]
	}
	byAddress, byID := map[string]*listener{}, map[string]*listener{}
	for i := range cfg.Listeners {
		if l := &cfg.Listeners[i]; l.Protocol == config.UDP {
			byID[l.ID] = newListener(l, gateways[l.Gateway], accessLog)
			byAddress[l.BindAddress()] = byID[l.ID]
		}
	}
	for i := range cfg.Routes {
		r := &cfg.Routes[i]
		if r.Protocol != config.RouteUDP {
			continue
		}
		for _, a := range r.Attachments {
			if l := byID[a.Listener]; l != nil {
				l.routes = append(l.routes, newRoute(r))
			}
		}
	}
	for _, l := range byID {
		slices.SortFunc(l.routes, func(a, b *route) int {
			return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.id, b.id))
		})
	}
	return byAddress
}

func newListener(spec *config.Listener, gateway *config.Gateway, accessLog zapcore.WriteSyncer) *listener {
	var limits config.Limits
	l := &listener{id: spec.ID, gateway: spec.Gateway}
	if gateway != nil {
		if gateway.Limits != nil {
			limits = *gateway.Limits
		}
		l.log = accesslog.New(gateway.AccessLog, accessLog)
	}
	l.idle = time.Duration(cmp.Or(limits.UDPIdleTimeout, defaultIdle))
	l.maxSessions = int64(cmp.Or(limits.MaxUDPSessions, defaultMaxSessions))
	return l
}

func newRoute(spec *config.Route) *route {
	r := &route{id: spec.ID, created: spec.Created}
	for i := range spec.Rules { // at most one
		for _, b := range spec.Rules[i].Backends {
			r.shares = append(r.shares, share{backend: b.Backend})
			r.weights = append(r.weights, b.Weight)
		}
	}
	r.spread = spread.New(r.weights)
	return r
}

// resolve finds backends and metrics. before is the listener that had the socket, or
// nil: a route that spreads sessions as it did goes on where that was.
func (l *listener) resolve(before *listener, backends Backends, numbers *metrics.DatagramSet) {
	l.drops = numbers.Drops(l.gateway, l.id)
	for _, r := range l.routes {
		r.sessions = numbers.Sessions(l.gateway, l.id, r.id)
		for i := range r.shares {
			if id := r.shares[i].backend; id != "" {
				r.shares[i].upstream = backends.Backend(id)
			}
		}
		if old := before.route(r.id); old != nil && slices.Equal(old.weights, r.weights) {
			r.spread = old.spread
		}
	}
}

// route returns the attached route with an ID, or nil.
func (l *listener) route(id string) *route {
	if l == nil {
		return nil
	}
	i := slices.IndexFunc(l.routes, func(r *route) bool { return r.id == id })
	if i < 0 {
		return nil
	}
	return l.routes[i]
}

// choose returns the share that the next session belongs to.
func (r *route) choose() share {
	if r.spread == nil {
		return share{}
	}
	return r.shares[r.spread.Pick()]
}

// share returns the share with a backend, and false if there is none. The backend that
// could not be resolved is there as long as sessions are given to it.
func (r *route) share(backend string) (share, bool) {
	if backend == "" && r.spread == nil {
		return share{}, true
	}
	for i, s := range r.shares {
		if s.backend == backend && (backend != "" || r.weights[i] > 0) {
			return s, true
		}
	}
	return share{}, false
}
