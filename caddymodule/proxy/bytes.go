// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// The backends of a process are in one registry, whoever sends to them. So those for
// connections (package l4) are made here, between Compile and Swap.

// Metrics are the series of the configuration, for others to add theirs until Swap.
func (t *Table) Metrics() *metrics.Set { return t.metrics }

// Bytes returns the backend with an ID for connections that come in by a Gateway. What
// it speaks is TLS if the backend does. Not to be called after Swap. The error is a
// *config.Refusal.
func (t *Table) Bytes(id, gateway string) (*upstream.Backend, error) {
	client := 0
	if g, ok := t.made.compiler.gateways[gateway]; ok {
		client = g.client
	}
	return t.made.bytes(id, func(spec *config.Backend) (*upstream.Identity, error) {
		return t.made.identity(spec, client)
	})
}

// Passthrough returns the backend with an ID for connections that are encrypted already.
// It is reached in clear text. Not to be called after Swap. The error is a *config.Refusal.
func (t *Table) Passthrough(id string) (*upstream.Backend, error) {
	return t.made.bytes(id, func(*config.Backend) (*upstream.Identity, error) { return nil, nil })
}

func (b *backends) bytes(id string, identify func(*config.Backend) (*upstream.Identity, error)) (*upstream.Backend, error) {
	spec, ok := b.specs[id]
	if !ok {
		return nil, &config.Refusal{Field: "backend", Message: fmt.Sprintf("there is no backend %q", id)}
	}
	identity, err := identify(spec)
	if err != nil {
		return nil, err
	}
	t := b.compiler.table
	u := upstream.Spec{ID: id, Protocol: upstream.Bytes, TLS: identity}
	key := u.Key()
	if known, ok := t.backends[key]; ok {
		return known, nil
	}
	made, err := b.compiler.engine.registry.Get(&u, t.metrics.Backend(id))
	if err != nil {
		return nil, err
	}
	t.backends[key] = made
	t.endpoints[key] = spec.Endpoints
	return made, nil
}
