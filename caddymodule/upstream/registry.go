// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// pruneInterval is how often idle connections are looked at.
const pruneInterval = 10 * time.Second

// Spec is what a backend is, whatever its endpoints.
type Spec struct {
	// ID of the backend in the configuration. Backends that differ in something else
	// may share it.
	ID string
	// Protocol that endpoints speak, or Bytes. Default: http.
	Protocol config.BackendProtocol
	// TLS is nil for endpoints that are spoken to in clear text.
	TLS *Identity
}

// Key names a backend of the process. One whose protocol or TLS identity changes
// becomes another, with other connections.
type Key struct {
	id       string
	protocol config.BackendProtocol
	identity digest
}

// Key returns the key of the backend.
func (s *Spec) Key() Key {
	return Key{s.ID, cmp.Or(s.Protocol, config.BackendHTTP), s.TLS.digest()}
}

// Registry holds the backends that the running configuration uses. Its methods
// are safe for concurrent use; none is on the request path.
type Registry struct {
	mu       sync.Mutex
	backends map[Key]*Backend
	byID     map[string][]*Backend

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

// Get returns the backend in use with the key of the spec, or a new one without
// endpoints, which takes part once Use is called with it. It counts in m, which may
// be nil. The error is a *config.Refusal: a CA bundle can't be parsed.
func (r *Registry) Get(spec *Spec, m *metrics.Backend) (*Backend, error) {
	key := spec.Key()
	r.mu.Lock()
	known := r.backends[key]
	r.mu.Unlock()
	if known != nil && (known.metrics == m || m == nil) {
		return known, nil
	}
	b := &Backend{protocol: key.protocol, metrics: m}
	if spec.TLS != nil {
		var err error
		if b.tls, err = spec.TLS.tlsConfig(key.protocol); err != nil {
			return nil, err
		}
	}
	b.set.Store(&endpointSet{})
	return b, nil
}

// Use makes these the backends in use and retires all others: their idle
// connections are closed, and their running exchanges end in their own time.
func (r *Registry) Use(backends map[Key]*Backend) {
	byID := make(map[string][]*Backend, len(backends))
	for key, b := range backends {
		byID[key.id] = append(byID[key.id], b)
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

// SetEndpoints replaces the endpoints of all backends with some IDs, or of none if
// one of them is unknown.
func (r *Registry) SetEndpoints(update []config.BackendEndpoints) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range update {
		if r.byID[u.ID] == nil {
			return &config.Refusal{Object: u.ID, Message: fmt.Sprintf("there is no backend %q", u.ID)}
		}
	}
	for _, u := range update {
		for _, b := range r.byID[u.ID] {
			b.SetEndpoints(u.Endpoints)
		}
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
