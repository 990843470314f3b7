// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// target is a backend as the Gateways of a route reach it. The zero target is a
// reference that could not be resolved.
type target struct {
	id string
	// shared is for requests of every Gateway.
	shared *upstream.Backend
	// byClient is set instead where the Gateways present different certificates to
	// the endpoints, by gateway.client.
	byClient []*upstream.Backend
}

func (t *target) resolved() bool { return t.id != "" }

// via is the backend for requests that came in by a Gateway of the route.
func (t *target) via(g *gateway) *upstream.Backend {
	if t.shared != nil {
		return t.shared
	}
	return t.byClient[g.client]
}

// backends makes the backends of a table. One over TLS is made for each client
// certificate that it is reached with.
type backends struct {
	compiler     *compiler
	specs        map[string]*config.Backend
	certificates map[string]*config.Certificate
	bundles      map[string]*config.CABundle
	roots        map[string]*upstream.Roots // by the IDs of the bundles
	// clients are the certificates that Gateways present, the first being none.
	clients []*upstream.ClientCertificate
	made    map[madeFor]*upstream.Backend
}

type madeFor struct {
	backend  string
	client   int
	protocol config.BackendProtocol
}

// user is who reaches backends: the rules of a route.
type user struct {
	// clients are the certificates that the Gateways of the route present, each once.
	clients []int
	// protocol is spoken to backends that don't say which one they speak.
	protocol config.BackendProtocol
}

func newBackends(c *compiler, cfg *config.Config) *backends {
	b := &backends{
		compiler:     c,
		specs:        make(map[string]*config.Backend, len(cfg.Backends)),
		certificates: make(map[string]*config.Certificate, len(cfg.Certificates)),
		bundles:      make(map[string]*config.CABundle, len(cfg.CABundles)),
		roots:        map[string]*upstream.Roots{},
		clients:      []*upstream.ClientCertificate{nil},
		made:         make(map[madeFor]*upstream.Backend, len(cfg.Backends)),
	}
	for i := range cfg.Backends {
		b.specs[cfg.Backends[i].ID] = &cfg.Backends[i]
	}
	for i := range cfg.Certificates {
		b.certificates[cfg.Certificates[i].ID] = &cfg.Certificates[i]
	}
	for i := range cfg.CABundles {
		b.bundles[cfg.CABundles[i].ID] = &cfg.CABundles[i]
	}
	return b
}

// client returns the index of the certificate with an ID among those that Gateways
// present, 0 for no ID.
func (b *backends) client(id string) (int, error) {
	if id == "" {
		return 0, nil
	}
	source, ok := b.certificates[id]
	if !ok {
		return 0, &config.Refusal{Field: "backend_client_certificate", Message: fmt.Sprintf("there is no certificate %q", id)}
	}
	certificate, err := upstream.NewClientCertificate(source)
	if err != nil {
		return 0, err
	}
	if i := slices.IndexFunc(b.clients, certificate.Equal); i >= 0 {
		return i, nil
	}
	b.clients = append(b.clients, certificate)
	return len(b.clients) - 1, nil
}

// target returns the backend with an ID for a route.
func (b *backends) target(id string, by user) (target, error) {
	spec, ok := b.specs[id]
	if !ok {
		return target{}, &config.Refusal{Field: "backend", Message: fmt.Sprintf("there is no backend %q", id)}
	}
	clients, protocol := by.clients, cmp.Or(spec.Protocol, by.protocol)
	if spec.TLS == nil || len(clients) == 0 {
		clients = []int{0}
	}
	if len(clients) == 1 {
		shared, err := b.backend(spec, madeFor{id, clients[0], protocol})
		return target{id: id, shared: shared}, err
	}
	t := target{id: id, byClient: make([]*upstream.Backend, len(b.clients))}
	for _, client := range clients {
		var err error
		if t.byClient[client], err = b.backend(spec, madeFor{id, client, protocol}); err != nil {
			return target{}, err
		}
	}
	return t, nil
}

// backend returns the backend that is reached with a client certificate and by a
// protocol.
func (b *backends) backend(spec *config.Backend, as madeFor) (*upstream.Backend, error) {
	if known, ok := b.made[as]; ok {
		return known, nil
	}
	identity, err := b.identity(spec, as.client)
	if err != nil {
		return nil, err
	}
	c := b.compiler
	u := upstream.Spec{ID: spec.ID, Protocol: as.protocol, TLS: identity}
	made, err := c.engine.registry.Get(&u, c.table.metrics.Backend(spec.ID))
	if err != nil {
		return nil, err
	}
	b.made[as] = made
	key := u.Key()
	c.table.backends[key] = made
	c.table.endpoints[key] = spec.Endpoints
	return made, nil
}

// identity is nil for a backend in clear text.
func (b *backends) identity(spec *config.Backend, client int) (*upstream.Identity, error) {
	t := spec.TLS
	if t == nil {
		return nil, nil
	}
	identity := &upstream.Identity{
		ServerName: t.ServerName, SubjectAltNames: t.SubjectAltNames, Client: b.clients[client],
	}
	if t.SystemCAs {
		return identity, nil
	}
	// Many backends have the same bundles, which are then parsed once.
	key := strings.Join(t.CABundles, "\x00")
	if identity.Roots = b.roots[key]; identity.Roots != nil {
		return identity, nil
	}
	sources := make([]*config.CABundle, len(t.CABundles))
	for i, id := range t.CABundles {
		var ok bool
		if sources[i], ok = b.bundles[id]; !ok {
			return nil, &config.Refusal{
				Object: spec.ID, Field: "tls." + field("ca_bundles", i),
				Message: fmt.Sprintf("there is no CA bundle %q", id),
			}
		}
	}
	identity.Roots = upstream.NewRoots(sources...)
	b.roots[key] = identity.Roots
	return identity, nil
}

// rest makes those that no route refers to: their endpoints may be set, too.
func (b *backends) rest(specs []config.Backend) error {
	used := make(map[string]bool, len(specs))
	for as := range b.made {
		used[as.backend] = true
	}
	for i := range specs {
		if used[specs[i].ID] {
			continue
		}
		if _, err := b.backend(&specs[i], madeFor{specs[i].ID, 0, specs[i].Protocol}); err != nil {
			return err
		}
	}
	return nil
}
