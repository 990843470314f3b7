// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// frontendReasons are those of FrontendTLSValidation.caCertificateRefs.
var frontendReasons = caReasons{
	ref:  string(gwv1.ListenerReasonInvalidCACertificateRef),
	kind: string(gwv1.ListenerReasonInvalidCACertificateKind),
}

// frontendValidation gives what the Gateway says about client certificates on a
// port, and where it says it. "Per port configuration [...] overrides the default
// configuration for all Listeners handling HTTPS traffic that match this port",
// also with none (FrontendTLSConfig.perPort).
func frontendValidation(g *gwv1.Gateway, port gwv1.PortNumber) (*gwv1.FrontendTLSValidation, string) {
	if g.Spec.TLS == nil || g.Spec.TLS.Frontend == nil {
		return nil, ""
	}
	frontend := g.Spec.TLS.Frontend
	for i := range frontend.PerPort {
		if frontend.PerPort[i].Port == port {
			return frontend.PerPort[i].TLS.Validation, fmt.Sprintf("spec.tls.frontend.perPort[%d].tls.validation", i)
		}
	}
	return frontend.Default.Validation, "spec.tls.frontend.default.validation"
}

// resolveClientValidation works out what clients of an HTTPS listener are verified
// by. "If ALL CACertificateRefs are invalid, the implementation MUST also ensure the
// Accepted condition on the listener is set to status: False"
// (FrontendTLSValidation.caCertificateRefs): a listener without any would let
// everybody in.
func (t *translation) resolveClientValidation(l *listener) {
	spec, place := frontendValidation(l.gateway.model.Object, l.spec.Port)
	if spec == nil {
		return
	}
	mode, ok := validationModes[spec.Mode]
	if !ok {
		l.reject(problemf(gwv1.ListenerReasonUnsupportedValue, "%s.mode: %s is not supported: use %s or %s",
			place, spec.Mode, gwv1.AllowValidOnly, gwv1.AllowInsecureFallback))
		return
	}
	v := &ClientValidation{Mode: mode}
	var invalid problems
	from := gatewayReferrer(l.gateway)
	for i, ref := range spec.CACertificateRefs {
		bundle, name, p := t.caBundle(from, objectReferent(from.namespace, ref), frontendReasons)
		l.gateway.dependOnConfigMap(name)
		if p != nil {
			invalid.add(p.prefixed(fmt.Sprintf("%s.caCertificateRefs[%d]", place, i)))
			continue
		}
		v.CABundles = append(v.CABundles, bundle)
	}
	for _, p := range invalid {
		l.unresolved.add(p)
	}
	if len(v.CABundles) == 0 {
		message := place + ".caCertificateRefs is empty"
		if p := invalid.summary(); p != nil {
			message = p.message
		}
		l.reject(problemf(gwv1.ListenerReasonNoValidCACertificate, "no client can be verified: %s", message))
		return
	}
	l.clientValidation = v
}

// validationModes include the default of the schema.
var validationModes = map[gwv1.FrontendValidationModeType]config.ClientValidationMode{
	"":                         config.ClientCertRequire,
	gwv1.AllowValidOnly:        config.ClientCertRequire,
	gwv1.AllowInsecureFallback: config.ClientCertInsecureFallback,
}

// addInsecureValidation warns of a mode that lets everybody in, wherever the Gateway
// has it. "This condition is removed as soon as FrontendValidationModeType is changed
// back to AllowValidOnly" (GatewayConditionInsecureFrontendValidationMode).
func (g *gateway) addInsecureValidation(c *conditions) {
	tls := g.model.Object.Spec.TLS
	if tls == nil || tls.Frontend == nil {
		return
	}
	insecure := func(config *gwv1.TLSConfig) bool {
		return config.Validation != nil && config.Validation.Mode == gwv1.AllowInsecureFallback
	}
	if insecure(&tls.Frontend.Default) || slices.ContainsFunc(tls.Frontend.PerPort, func(p gwv1.TLSPortConfig) bool { return insecure(&p.TLS) }) {
		c.add(string(gwv1.GatewayConditionInsecureFrontendValidationMode), metav1.ConditionTrue, string(gwv1.GatewayReasonConfigurationChanged),
			"spec.tls.frontend lets clients in without a valid certificate: backends have to authorize them")
	}
}
