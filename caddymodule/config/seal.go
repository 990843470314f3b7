// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// identified are the objects that lists of a Config hold.
type identified interface{ identity() string }

func (g Gateway) identity() string     { return g.ID }
func (l Listener) identity() string    { return l.ID }
func (r Route) identity() string       { return r.ID }
func (b Backend) identity() string     { return b.ID }
func (c Certificate) identity() string { return c.ID }
func (b CABundle) identity() string    { return b.ID }

// Seal sorts the lists by ID and sets Version to a digest of the content, of the
// endpoints not: two configurations with the same Version differ in nothing else.
// The lists are replaced, not sorted in place, so that other values may share them.
func Seal(c *Config) {
	c.Gateways = sorted(c.Gateways)
	c.Listeners = sorted(c.Listeners)
	c.Routes = sorted(c.Routes)
	c.Backends = sorted(c.Backends)
	c.Certificates = sorted(c.Certificates)
	c.CABundles = sorted(c.CABundles)

	content := *c
	content.Version = ""
	content.Backends = slices.Clone(c.Backends)
	for i := range content.Backends {
		content.Backends[i].Endpoints = nil
	}
	c.Version = digest(content)
}

// EndpointsVersion is a digest of the endpoints of all backends, whatever the
// order of the backends.
func EndpointsVersion(c *Config) string {
	all := make([]BackendEndpoints, len(c.Backends))
	for i, b := range c.Backends {
		all[i] = BackendEndpoints{ID: b.ID, Endpoints: b.Endpoints}
		if len(b.Endpoints) == 0 {
			all[i].Endpoints = nil // empty is nil after a way through JSON
		}
	}
	slices.SortFunc(all, func(a, b BackendEndpoints) int { return cmp.Compare(a.ID, b.ID) })
	return digest(all)
}

func sorted[T identified](list []T) []T {
	if slices.IsSortedFunc(list, byIdentity[T]) {
		return list
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, byIdentity[T])
	return list
}

func byIdentity[T identified](a, b T) int { return cmp.Compare(a.identity(), b.identity()) }

// digest is 128 bits of SHA-256 over the JSON of v, in hex.
func digest(v any) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(v); err != nil {
		panic(err) // the types of this package always encode, and a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
