// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/tls"
	"fmt"
	"slices"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// certificates are parsed certificates by ID. Values are shared from one
// configuration to the next while chain and key stay the same, which saves the
// parsing and makes "unchanged" a comparison of pointers.
type certificates map[string]*parsedCertificate

type parsedCertificate struct {
	source config.Certificate
	cert   *tls.Certificate
}

// next returns the certificates of cfg.
func (c certificates) next(cfg *config.Config) (certificates, error) {
	next := make(certificates, len(cfg.Certificates))
	for _, source := range cfg.Certificates {
		if known, ok := c[source.ID]; ok && known.source == source {
			next[source.ID] = known
			continue
		}
		cert, err := tls.X509KeyPair([]byte(source.Chain), []byte(source.Key))
		if err != nil {
			return nil, &config.Refusal{Object: source.ID, Message: fmt.Sprintf("the certificate can't be used: %v", err)}
		}
		next[source.ID] = &parsedCertificate{source: source, cert: &cert}
	}
	return next, nil
}

// secureListener is the TLS of one listener, shared from one configuration to the
// next while its certificates, its rule for clients and its protocol stay the same.
type secureListener struct {
	protocol config.Protocol
	certs    []*tls.Certificate
	clients  admission
	config   *tls.Config
}

// parsed is what listeners refer to.
type parsed struct {
	certificates certificates
	bundles      bundles
}

// nextListeners returns the TLS of the listeners of cfg that terminate it by ID.
func nextListeners(current map[string]*secureListener, cfg *config.Config, of parsed) (map[string]*secureListener, error) {
	next := map[string]*secureListener{}
	for i := range cfg.Listeners {
		l := &cfg.Listeners[i]
		if !terminates(l) {
			continue
		}
		var own []*tls.Certificate
		if l.TLS != nil {
			for _, id := range l.TLS.Certificates {
				parsed, ok := of.certificates[id]
				if !ok {
					return nil, &config.Refusal{Object: l.ID, Field: "tls.certificates", Message: fmt.Sprintf("there is no certificate %q", id)}
				}
				own = append(own, parsed.cert)
			}
		}
		clients, err := of.bundles.rule(l)
		if err != nil {
			return nil, err
		}
		admits := clients.admits()
		if len(own) == 0 && clients == nil {
			admits.mode = nobody
		}
		if known, ok := current[l.ID]; ok && known.protocol == l.Protocol && slices.Equal(known.certs, own) && known.clients == admits {
			next[l.ID] = known
			continue
		}
		next[l.ID] = &secureListener{protocol: l.Protocol, certs: own, clients: admits, config: listenerTLS(l.Protocol, own, clients)}
	}
	return next, nil
}
