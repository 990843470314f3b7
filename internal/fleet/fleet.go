// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/metrics"
)

// Options of a Fleet.
type Options struct {
	// Credentials returns the TLS configuration for one connection to a proxy
	// whose certificate is for serverName. It is called for each connection.
	Credentials func(serverName string) (*tls.Config, error)
	// Changed is called, from goroutines of the Fleet, when Report of a Gateway
	// would return something new. It must not block. Default: nothing.
	Changed func(gateway string)
	// Metrics counts pushes, and how long changes take to arrive. Default: nothing is
	// counted.
	Metrics *metrics.Metrics
	// Log gets one line for each push that failed. Default: discarded.
	Log *slog.Logger

	// Timeout bounds one exchange with a pod. Default: 30s.
	Timeout time.Duration
	// CheckInterval is the pause between two looks at what a pod runs, give or
	// take a fifth. Default: 15s.
	CheckInterval time.Duration
	// MinBackoff and MaxBackoff bound the pause after a failure, which doubles
	// each time and varies by half. Defaults: 200ms and 15s.
	MinBackoff, MaxBackoff time.Duration
}

// Pod is a proxy pod that has an address.
type Pod struct {
	// Name identifies the pod within its Gateway.
	Name string
	// Address is the host:port of its control channel.
	Address string
}

// Fleet is all proxies of all Gateways. Gateways are named by their IDs in the
// configuration, "default/web". It is safe for concurrent use.
type Fleet struct {
	options Options
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	gateways map[string]*gateway
}

// gateway is guarded by Fleet.mu.
type gateway struct {
	want    *target
	workers map[string]*worker
}

// New returns a Fleet without pods. Close ends it.
func New(options Options) *Fleet {
	options.Timeout = cmp.Or(options.Timeout, 30*time.Second)
	options.CheckInterval = cmp.Or(options.CheckInterval, 15*time.Second)
	options.MinBackoff = cmp.Or(options.MinBackoff, 200*time.Millisecond)
	options.MaxBackoff = cmp.Or(options.MaxBackoff, 15*time.Second)
	if options.Changed == nil {
		options.Changed = func(string) {}
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	f := &Fleet{options: options, gateways: map[string]*gateway{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// Close stops all pushes and returns when none is under way. The proxies go on
// with what they run.
func (f *Fleet) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.cancel()
	f.wg.Wait()
}

func (f *Fleet) gateway(id string) *gateway {
	g := f.gateways[id]
	if g == nil {
		g = &gateway{workers: map[string]*worker{}}
		f.gateways[id] = g
	}
	return g
}

// SetPods says which pods a Gateway has, all of them, and the name in their
// certificate. Pods that are not in the list any more are left alone.
func (f *Fleet) SetPods(id, serverName string, pods []Pod) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	g := f.gateway(id)
	for name, w := range g.workers {
		if !slices.Contains(pods, w.pod) || w.serverName != serverName {
			w.stop()
			delete(g.workers, name)
		}
	}
	for _, pod := range pods {
		if g.workers[pod.Name] == nil {
			g.workers[pod.Name] = f.start(id, serverName, pod)
		}
	}
}

// Update makes a configuration what every pod of a Gateway should run. It must be
// sealed, and must not be modified afterwards. The generation is that of the
// Gateway from which it was made, for Report.
func (f *Fleet) Update(id string, c *config.Config, generation int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.gateway(id)
	t := newTarget(c, generation)
	if g.want != nil && g.want.same(t) && g.want.generation == generation {
		return
	}
	g.set(t)
}

// UpdateEndpoints replaces the endpoints of some backends of a Gateway. Backends
// that the Gateway's configuration doesn't have are ignored. It reports whether
// anything differs from before.
func (f *Fleet) UpdateEndpoints(id string, updates []config.BackendEndpoints) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.gateways[id]
	if g == nil || g.want == nil {
		return false
	}
	c, changed := withEndpoints(g.want.config, updates)
	if !changed {
		return false
	}
	g.set(newTarget(c, g.want.generation))
	return true
}

// Forget ends the pushes to a Gateway's pods and drops what is known of them.
func (f *Fleet) Forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g := f.gateways[id]; g != nil {
		for _, w := range g.workers {
			w.stop()
		}
		delete(f.gateways, id)
	}
}

func (g *gateway) set(t *target) {
	changed := g.want != nil && !g.want.same(t)
	g.want = t
	for _, w := range g.workers {
		if changed {
			w.owe(t)
		}
		w.wake()
	}
}

// want is what the pods of a Gateway should run, nil if that is not known yet.
func (f *Fleet) want(id string) *target {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g := f.gateways[id]; g != nil {
		return g.want
	}
	return nil
}
