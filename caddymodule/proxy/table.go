// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"strconv"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/clientaddr"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/filter"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/router"
	"github.com/kubera-dev/kubera/caddymodule/spread"
	"github.com/kubera-dev/kubera/caddymodule/tracing"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// Table is a compiled configuration. Immutable once swapped in, but for the
// counters by which its rules spread requests.
type Table struct {
	sockets  map[string]*socket
	backends map[upstream.Key]*upstream.Backend
	// made are those backends and what others are made from; nil after Swap.
	made *backends
	// metrics are put in use by Swap; nil afterwards.
	metrics *metrics.Set
	// spans is where the Gateways send theirs; nil after Swap.
	spans tracing.Destinations
	// endpoints are what Swap gives to the backends; nil afterwards.
	endpoints map[upstream.Key][]config.Endpoint
}

// socket is what is listened for at one address.
type socket struct {
	tls       bool
	refused   *metrics.Route // requests that no listener serves
	listeners *router.Hosts[*listener]
}

// listener is one listener of a Gateway.
type listener struct {
	id        string
	gateway   *gateway
	port      int32
	foreign   bool     // it is not for requests
	altSvc    []string // the field by which HTTP/3 is announced, nil for none
	rules     *router.Table[binding]
	cors      bool           // some rule answers preflights
	unmatched *metrics.Route // requests that no rule takes
}

// gateway is what the listeners of a Gateway have in common.
type gateway struct {
	id      string
	clients *clientaddr.Policy
	errors  config.ErrorFormat
	log     *accesslog.Logger // nil for none
	tracer  *tracing.Tracer   // nil for none
	maxBody int64             // 0 for no bound
	client  int               // of the certificates that Gateways present to endpoints, 0 for none
}

// binding is a rule under a listener.
type binding struct {
	rule    *rule
	metrics *metrics.Route
}

// rule is what becomes of a request.
type rule struct {
	route          string
	name           string // or its place, "rules[0]", which is no name
	errorStatus    int    // 0 for none
	filters        *filter.Chain
	cors           bool // it answers preflights
	shares         []share
	spread         *spread.Spread      // nil without a share that gets requests
	mirrors        map[string]mirrored // by ID of the backend, nil without mirrors
	requestTimeout time.Duration
	tryTimeout     time.Duration
	retry          *config.Retry // nil for none
}

// share is a backend of a rule.
type share struct {
	backend target
	filters *filter.Chain
}

// mirrored is a backend that gets copies of requests.
type mirrored struct {
	backend target
	metrics *metrics.Backend
}

// choose returns the share that the next request goes to, or nil.
func (r *rule) choose() *share {
	switch {
	case r.spread == nil:
		return nil
	case len(r.shares) == 1:
		return &r.shares[0]
	}
	return &r.shares[r.spread.Pick()]
}

// answersPreflights is true if each request of the rule gets to a filter with CORS,
// unless another one answers first.
func (r *rule) answersPreflights(weights []int32) bool {
	switch {
	case r.errorStatus != 0:
		return false
	case r.filters.CORS():
		return true
	}
	for i := range r.shares {
		if weights[i] > 0 && !r.shares[i].filters.CORS() {
			return false
		}
	}
	return r.spread != nil
}

// altSvc announces HTTP/3 at the port by which clients know a listener, for a day (RFC
// 9114, section 3.1.1).
func altSvc(port int32) []string {
	return []string{fmt.Sprintf(`h3=":%d"; ma=86400`, port)}
}

func field(name string, index int) string {
	return name + "[" + strconv.Itoa(index) + "]"
}
