// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package l4

import (
	"time"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/router"
	"github.com/kubera-dev/kubera/caddymodule/spread"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// Table is a compiled configuration. Immutable, but for the counters by which its
// routes spread connections.
type Table struct {
	listeners map[string]*listener
}

// listener is a TLS or TCP listener of a Gateway.
type listener struct {
	gateway   *gateway
	id        string
	proto     string // for the access log
	routes    *router.Hosts[*binding]
	unmatched *metrics.Connections // connections that no route takes
}

// gateway is what the listeners of a Gateway have in common.
type gateway struct {
	id          string
	log         *accesslog.Logger // nil for none
	idle        time.Duration     // 0 for no bound
	proxyHeader config.ProxyProtocolVersion
}

// binding is a route under a listener.
type binding struct {
	route   string
	shares  []share
	spread  *spread.Spread // of the route under all listeners; nil without a share that gets connections
	metrics *metrics.Connections
}

// share is a backend of a route.
type share struct {
	id      string
	backend *upstream.Backend // nil for a reference that could not be resolved
}

// choose returns the share that the next connection goes to, or nil.
func (b *binding) choose() *share {
	if b.spread == nil {
		return nil
	}
	return &b.shares[b.spread.Pick()]
}
