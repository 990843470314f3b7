// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// admission is by what rule the clients of a connection were let in. Rules with the
// same mode and the same certificates of authorities are equal, whatever their names
// and order. The zero value asks for no certificate.
type admission struct {
	mode        config.ClientValidationMode
	authorities [sha256.Size]byte
}

// nobody is the mode where every handshake is refused: a listener has no certificates,
// or nothing to verify clients by any more.
const nobody config.ClientValidationMode = "nobody"

// covers reports whether a client that was let in by another rule may stay. Where
// nobody is let in any more, those may who were let in whoever they are: that their
// listener has lost its certificates is no word about them. Of others it may be one.
func (a admission) covers(other admission) bool {
	switch a.mode {
	case config.ClientCertRequire:
		return a == other
	case nobody:
		return other.mode != config.ClientCertRequire
	}
	return true
}

// clientRule is how a listener verifies its clients (config.ClientValidation). nil
// asks for no certificate. Immutable.
type clientRule struct {
	admission admission
	pool      *x509.CertPool
}

func (r *clientRule) admits() admission {
	if r == nil {
		return admission{}
	}
	return r.admission
}

// apply makes c ask for certificates.
func (r *clientRule) apply(c *tls.Config) {
	if r == nil {
		return
	}
	// The names of the authorities are sent in either mode: by them clients choose.
	c.ClientCAs = r.pool
	c.ClientAuth = tls.RequireAndVerifyClientCert
	if r.admission.mode == config.ClientCertInsecureFallback {
		c.ClientAuth = tls.RequestClientCert
	}
}

// bundles are parsed CA bundles by ID, shared from one configuration to the next as
// certificates are.
type bundles map[string]*parsedBundle

type parsedBundle struct {
	source config.CABundle
	certs  []*x509.Certificate
}

// next returns the CA bundles of cfg that listeners use.
func (b bundles) next(cfg *config.Config) (bundles, error) {
	used := map[string]bool{}
	for i := range cfg.Listeners {
		if v := clientValidation(&cfg.Listeners[i]); v != nil {
			for _, id := range v.CABundles {
				used[id] = true
			}
		}
	}
	next := make(bundles, len(used))
	for _, source := range cfg.CABundles {
		if !used[source.ID] {
			continue
		}
		if known, ok := b[source.ID]; ok && known.source == source {
			next[source.ID] = known
			continue
		}
		certs, err := source.Parse()
		if err != nil {
			return nil, &config.Refusal{Object: source.ID, Field: "certificates", Message: err.Error()}
		}
		next[source.ID] = &parsedBundle{source: source, certs: certs}
	}
	return next, nil
}

func clientValidation(l *config.Listener) *config.ClientValidation {
	if l.TLS == nil {
		return nil
	}
	return l.TLS.ClientValidation
}

// rule returns the rule of a listener.
func (b bundles) rule(l *config.Listener) (*clientRule, error) {
	v := clientValidation(l)
	if v == nil {
		return nil, nil
	}
	r := &clientRule{admission: admission{mode: config.ClientCertRequire}, pool: x509.NewCertPool()}
	if v.Mode == config.ClientCertInsecureFallback {
		r.admission.mode = v.Mode
	}
	var authorities [][]byte
	for i, id := range v.CABundles {
		parsed, ok := b[id]
		if !ok {
			return nil, &config.Refusal{
				Object: l.ID, Field: fmt.Sprintf("tls.client_validation.ca_bundles[%d]", i),
				Message: fmt.Sprintf("there is no CA bundle %q", id),
			}
		}
		for _, cert := range parsed.certs {
			r.pool.AddCert(cert)
			digest := sha256.Sum256(cert.Raw)
			authorities = append(authorities, digest[:])
		}
	}
	slices.SortFunc(authorities, bytes.Compare)
	authorities = slices.CompactFunc(authorities, bytes.Equal)
	r.admission.authorities = sha256.Sum256(slices.Concat(authorities...))
	return r, nil
}
