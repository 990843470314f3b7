// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"fmt"
	"sync"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// pruneInterval is how often idle connections are looked at.
const pruneInterval = 10 * time.Second

// Key names a backend of the process. One that changes its protocol is another.
type Key struct {
	ID       string
	Protocol config.BackendProtocol
}

// KeyOf returns the key of a backend.
func KeyOf(b *config.Backend) Key {
	if b.Protocol == "" {
		return Key{b.ID, config.BackendHTTP}
	}
	return Key{b.ID, b.Protocol}
}

// Registry holds the backends that the running configuration uses. Its methods
// are safe for concurrent use; none is on the request path.
type Registry struct {
	mu       sync.Mutex
	backends map[Key]*Backend
	byID     map[string]*Backend

	stop chan struct{}
	done chan struct{}
	once sync.Once
}

// NewRegistry returns an empty registry, to be closed after use.
func NewRegistry() *Registry {
	r := &Registry{stop: make(chan struct{}), done: make(chan struct{})}
	go r.prune()
	return r
}

// Get returns the backend in use with this key, or a new one without endpoints,
// which takes part once Use is called with it. It counts in m, which may be nil.
func (r *Registry) Get(key Key, m *metrics.Backend) *Backend {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b, ok := r.backends[key]; ok && (b.metrics == m || m == nil) {
		return b
	}
	b := &Backend{id: key.ID, protocol: key.Protocol, metrics: m}
	b.set.Store(&endpointSet{})
	return b
}

// Use makes these the backends in use and retires all others: their idle
// connections are closed, and their running exchanges end in their own time.
func (r *Registry) Use(backends map[Key]*Backend) {
	byID := make(map[string]*Backend, len(backends))
	for key, b := range backends {
		byID[key.ID] = b
	}
	r.mu.Lock()
	old := r.backends
	r.backends, r.byID = backends, byID
	r.mu.Unlock()
	for key, b := range old {
		if backends[key] != b {
			b.retire()
		}
	}
}

// SetEndpoints replaces the endpoints of some backends, or of none if one of
// them is unknown.
func (r *Registry) SetEndpoints(update []config.BackendEndpoints) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range update {
		if r.byID[u.ID] == nil {
			return &config.Refusal{Object: u.ID, Message: fmt.Sprintf("there is no backend %q", u.ID)}
		}
	}
	for _, u := range update {
		r.byID[u.ID].SetEndpoints(u.Endpoints)
	}
	return nil
}

// Close retires all backends.
func (r *Registry) Close() {
	r.once.Do(func() { close(r.stop) })
	<-r.done
	r.Use(nil)
}

// prune closes idle connections in time, until Close.
func (r *Registry) prune() {
	defer close(r.done)
	ticker := time.NewTicker(pruneInterval)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-ticker.C:
		}
		r.mu.Lock()
		backends := r.backends // never changed, only replaced
		r.mu.Unlock()
		for _, b := range backends {
			b.prune()
		}
	}
}
