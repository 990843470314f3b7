// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"crypto/tls"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// parsedCertificate is what a Secret holds, read once for each translation.
type parsedCertificate struct {
	certificate *Certificate
	err         error
}

func (t *translation) resolveCertificates(l *listener) {
	for i, ref := range l.spec.TLS.CertificateRefs {
		certificate, p := t.certificate(l.gateway, l.owner(), ref, gwv1.ListenerReasonInvalidCertificateRef)
		if p != nil {
			l.unresolved.add(p.prefixed(fmt.Sprintf("tls.certificateRefs[%d]", i)))
			continue
		}
		l.certificates = append(l.certificates, certificate)
	}
}

// resolveClientCertificate works out what the Gateway presents to backends. If that
// is nothing although it should be something, backends that demand it refuse.
func (t *translation) resolveClientCertificate(g *gateway) (p *problem) {
	config := g.model.Object.Spec.TLS
	if config == nil || config.Backend == nil || config.Backend.ClientCertificateRef == nil {
		return nil
	}
	g.model.BackendClientCertificate, p = t.certificate(g, gatewayReferrer(g), *config.Backend.ClientCertificateRef,
		gwv1.ListenerConditionReason(gwv1.GatewayReasonInvalidClientCertificateRef))
	return p.prefixed("spec.tls.backend.clientCertificateRef")
}

func gatewayReferrer(g *gateway) referrer {
	return referrer{group: gwv1.GroupName, kind: "Gateway", namespace: g.model.Object.Namespace}
}

// certificate resolves a reference of a Gateway, or of a ListenerSet of it, to a
// Secret: first whether it is permitted, so that nobody learns what another namespace
// holds, then its kind, whether it exists, and whether it can be used.
func (t *translation) certificate(
	g *gateway, from referrer, ref gwv1.SecretObjectReference, invalid gwv1.ListenerConditionReason,
) (*Certificate, *problem) {
	to := referent{kind: "Secret", name: types.NamespacedName{Namespace: from.namespace, Name: string(ref.Name)}}
	if ref.Group != nil {
		to.group = string(*ref.Group)
	}
	if ref.Kind != nil {
		to.kind = string(*ref.Kind)
	}
	if ref.Namespace != nil {
		to.name.Namespace = string(*ref.Namespace)
	}
	if !t.permitted(from, to) {
		return nil, notPermitted(from, to)
	}
	if to.group != "" || to.kind != "Secret" {
		return nil, problemf(invalid, "%s is not supported: use a Secret", to)
	}
	g.secrets[to.name] = struct{}{}
	secret := t.index.Secret(to.name)
	if secret == nil {
		return nil, problemf(invalid, "%s does not exist", to)
	}
	parsed := t.parseCertificate(to.name, secret)
	if parsed.err != nil {
		return nil, problemf(invalid, "%s: %v", to, parsed.err)
	}
	return parsed.certificate, nil
}

func (t *translation) parseCertificate(name types.NamespacedName, secret *corev1.Secret) *parsedCertificate {
	if parsed := t.certificates[name]; parsed != nil {
		return parsed
	}
	parsed := &parsedCertificate{}
	parsed.certificate, parsed.err = readCertificate(name, secret)
	t.certificates[name] = parsed
	return parsed
}

// readCertificate takes the key pair from a Secret. Errors tell nothing of its
// content: those of crypto/tls name the kind of fault only.
func readCertificate(name types.NamespacedName, secret *corev1.Secret) (*Certificate, error) {
	chain, key := secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]
	switch {
	case len(chain) == 0:
		return nil, fmt.Errorf("it has no %s", corev1.TLSCertKey)
	case len(key) == 0:
		return nil, fmt.Errorf("it has no %s", corev1.TLSPrivateKeyKey)
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s are not a key pair: %w", corev1.TLSCertKey, corev1.TLSPrivateKeyKey, err)
	}
	return &Certificate{
		Secret: name, Chain: string(chain), Key: string(key),
		NotBefore: pair.Leaf.NotBefore, NotAfter: pair.Leaf.NotAfter,
	}, nil
}
