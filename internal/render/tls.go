// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

func (r *renderer) listenerTLS(l *gatewayapi.Listener) *config.ListenerTLS {
	t := &config.ListenerTLS{}
	if l.Passthrough {
		t.Mode = config.TLSPassthrough
	}
	for _, c := range l.Certificates {
		if !slices.Contains(t.Certificates, c.ID()) {
			t.Certificates = append(t.Certificates, c.ID())
		}
		r.certificates[c.ID()] = c
	}
	if v := l.ClientValidation; v != nil {
		t.ClientValidation = &config.ClientValidation{CABundles: r.caBundles(v.CABundles), Mode: v.Mode}
	}
	return t
}

func (r *renderer) backend(b *gatewayapi.Backend) config.Backend {
	c := config.Backend{ID: b.ID(), Endpoints: endpoints(b, b.Slices)}
	if b.Protocol != config.BackendHTTP {
		c.Protocol = b.Protocol
	}
	if t := b.TLS; t != nil {
		c.TLS = &config.BackendTLS{
			ServerName:      t.Hostname,
			SubjectAltNames: t.SubjectAltNames,
			CABundles:       r.caBundles(t.CABundles),
			SystemCAs:       t.SystemCAs,
		}
	}
	return c
}

// caBundles notes the bundles and gives their IDs, each once, in an order that
// does not depend on that of the references.
func (r *renderer) caBundles(bundles []*gatewayapi.CABundle) []string {
	var ids []string
	for _, b := range bundles {
		r.bundles[b.ID()] = b
		ids = append(ids, b.ID())
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
