// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// target is a configuration that pods should run, or do. It is immutable and
// shared by the workers of a Gateway.
type target struct {
	config     *config.Config
	version    string
	endpoints  string // config.EndpointsVersion
	generation int64
	// origin is the version of the configuration that this one was made of for
	// proxies of an earlier revision, which are not told omissions. It is version if
	// nothing is left out.
	origin    string
	omissions []config.Omission
	// made is when it became known.
	made time.Time
	// body is the encoded configuration, made once for all pods that need it.
	body func() ([]byte, error)

	mu    sync.Mutex
	older map[int]*target // by revision
}

func newTarget(c *config.Config, generation int64) *target {
	return &target{
		config:     c,
		version:    c.Version,
		origin:     c.Version,
		endpoints:  config.EndpointsVersion(c),
		generation: generation,
		made:       time.Now(),
		body:       sync.OnceValues(func() ([]byte, error) { return json.Marshal(c) }),
	}
}

// at is what a proxy of a revision of the contract should run instead, mostly the
// target itself.
func (t *target) at(revision int) *target {
	if revision >= config.Revision {
		return t
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if older := t.older[revision]; older != nil {
		return older
	}
	older := t
	if c, omissions := t.config.At(revision); c != t.config {
		older = newTarget(c, t.generation)
		older.origin, older.omissions = t.version, omissions
	}
	if t.older == nil {
		t.older = map[int]*target{}
	}
	t.older[revision] = older
	return older
}

// moved is the target with other endpoints of some backends.
func (t *target) moved(updates []config.BackendEndpoints) *target {
	c, _ := withEndpoints(t.config, updates)
	next := newTarget(c, t.generation)
	next.origin, next.omissions = t.origin, t.omissions
	return next
}

// runs says whether a proxy that reports s runs the target.
func (t *target) runs(s config.Status) bool {
	return s.Version == t.version && s.EndpointsVersion == t.endpoints
}

// same says whether a pod that runs one runs the other.
func (t *target) same(o *target) bool { return t.version == o.version && t.endpoints == o.endpoints }

// withEndpoints returns a configuration with other endpoints, and whether they
// are others. The Version stays, as it does not cover endpoints.
func withEndpoints(c *config.Config, updates []config.BackendEndpoints) (*config.Config, bool) {
	byID := make(map[string][]config.Endpoint, len(updates))
	for _, u := range updates {
		byID[u.ID] = u.Endpoints
	}
	var backends []config.Backend
	for i := range c.Backends {
		endpoints, ok := byID[c.Backends[i].ID]
		if !ok || slices.Equal(endpoints, c.Backends[i].Endpoints) {
			continue
		}
		if backends == nil {
			backends = slices.Clone(c.Backends)
		}
		backends[i].Endpoints = endpoints
	}
	if backends == nil {
		return c, false
	}
	out := *c
	out.Backends = backends
	return &out, true
}

// changedEndpoints lists the backends that are in both configurations and have
// other endpoints in the second, with these.
func changedEndpoints(from, to *config.Config) []config.BackendEndpoints {
	have := make(map[string][]config.Endpoint, len(from.Backends))
	for i := range from.Backends {
		have[from.Backends[i].ID] = from.Backends[i].Endpoints
	}
	var out []config.BackendEndpoints
	for i := range to.Backends {
		b := &to.Backends[i]
		if old, ok := have[b.ID]; ok && !slices.Equal(old, b.Endpoints) {
			out = append(out, config.BackendEndpoints{ID: b.ID, Endpoints: b.Endpoints})
		}
	}
	return out
}

// allEndpoints lists all backends with their endpoints.
func allEndpoints(c *config.Config) []config.BackendEndpoints {
	out := make([]config.BackendEndpoints, 0, len(c.Backends))
	for i := range c.Backends {
		out = append(out, config.BackendEndpoints{ID: c.Backends[i].ID, Endpoints: c.Backends[i].Endpoints})
	}
	return out
}
