// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

// Backend returns the backend in use with an ID, nil if there is none. Those that
// share the ID, being reached with different client certificates, have the same
// endpoints: any of them is returned.
func (r *Registry) Backend(id string) *Backend {
	r.mu.Lock()
	defer r.mu.Unlock()
	if all := r.byID[id]; len(all) > 0 {
		return all[0]
	}
	return nil
}

// Assign chooses an endpoint for something that the caller sends by itself, such as
// the datagrams of a session, by the rules for requests. Until Release it counts as a
// request under way. avoid, which may be nil, is chosen only where there is no other.
// The result is nil without endpoints.
func (b *Backend) Assign(avoid *Endpoint) *Endpoint {
	set := b.set.Load()
	var e *Endpoint
	if avoid != nil {
		e = set.pick([]*Endpoint{avoid})
	}
	if e == nil {
		e = set.pick(nil)
	}
	if e != nil {
		e.inflight.Add(1)
	}
	return e
}

// Addresses are those of all endpoints, draining ones included. The caller owns the
// map.
func (b *Backend) Addresses() map[string]struct{} {
	set := b.set.Load()
	m := make(map[string]struct{}, len(set.ready)+len(set.draining))
	for _, list := range [][]*Endpoint{set.ready, set.draining} {
		for _, e := range list {
			m[e.address] = struct{}{}
		}
	}
	return m
}

// Address is the host:port of the endpoint.
func (e *Endpoint) Address() string { return e.address }

// Release ends what Assign began. To be called once for each.
func (e *Endpoint) Release() { e.inflight.Add(-1) }

// Unreachable has the endpoint passed over for a second where there are others. That it
// is back nobody would hear.
func (e *Endpoint) Unreachable() { e.rest.passOver() }
