// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// tlsPolicy is a BackendTLSPolicy with its references resolved.
type tlsPolicy struct {
	object *gwv1.BackendTLSPolicy
	// tls is what the policy says, nil if it is not valid.
	tls *BackendTLS
	// problem that rejects the policy.
	problem *problem
	// unresolved references.
	unresolved problems
	// configMaps that decide, whether they exist or not.
	configMaps []types.NamespacedName
	// unreportable is set where the policy's status can say nothing of our Gateways.
	unreportable bool
}

// policyReasons are those of BackendTLSPolicyValidation.caCertificateRefs.
var policyReasons = caReasons{
	ref:  string(gwv1.BackendTLSPolicyReasonInvalidCACertificateRef),
	kind: string(gwv1.BackendTLSPolicyReasonInvalidKind),
}

// tlsPolicyOf resolves a policy, once for each translation.
func (t *translation) tlsPolicyOf(object *gwv1.BackendTLSPolicy) *tlsPolicy {
	name := snapshot.NameOf(object)
	if known := t.policies[name]; known != nil {
		return known
	}
	p := &tlsPolicy{object: object}
	t.policies[name] = p
	for _, check := range policyChecks {
		if p.problem = check(object); p.problem != nil {
			break
		}
	}
	tls := t.resolveBackendTLS(p)
	p.unreportable = t.isFull(object)
	if p.problem == nil && !p.unreportable {
		p.tls = tls
	}
	return p
}

// isFull says whether there is no room among a policy's ancestors for Gateways of ours:
// "If this slice is full, implementations MUST NOT add further entries. Instead they
// MUST consider the policy unimplementable" (PolicyStatus.ancestors). It is the one
// thing that is read from a status.
func (t *translation) isFull(policy *gwv1.BackendTLSPolicy) bool {
	others := 0
	for _, a := range policy.Status.Ancestors {
		key := keyOf(a.AncestorRef, policy.Namespace)
		if string(a.ControllerName) != t.options.ControllerName || t.gateways[key.name] == nil || key.kind != "Gateway" {
			others++
		}
	}
	return others >= MaxAncestors
}

// policyChecks decide whether a policy is valid by itself. The first problem counts.
var policyChecks = []func(*gwv1.BackendTLSPolicy) *problem{
	// "Implementations SHOULD NOT support more than one targetRef at this time"
	// (BackendTLSPolicySpec.targetRefs): what loses one target would be in force
	// for another.
	checkSingleTarget,
	// The name is one that certificates can have.
	checkPolicyHostname,
	// There are no options, which are all implementation-specific.
	checkPolicyOptions,
	// Well-known certificates are those of the system.
	checkWellKnown,
}

func checkSingleTarget(p *gwv1.BackendTLSPolicy) *problem {
	if n := len(p.Spec.TargetRefs); n != 1 {
		return problemf(gwv1.PolicyReasonInvalid, "spec.targetRefs has %d entries and exactly one is supported: make a policy for each", n)
	}
	return nil
}

func checkPolicyHostname(p *gwv1.BackendTLSPolicy) *problem {
	if name := string(p.Spec.Validation.Hostname); isWildcard(name) || !validHostname(strings.ToLower(name)) {
		return problemf(gwv1.PolicyReasonInvalid, "spec.validation.hostname: %q is not a hostname", name)
	}
	return nil
}

func checkPolicyOptions(p *gwv1.BackendTLSPolicy) *problem {
	if len(p.Spec.Options) == 0 {
		return nil
	}
	var names []string
	for name := range p.Spec.Options {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return problemf(gwv1.PolicyReasonInvalid, "spec.options: %s: not supported", strings.Join(names, ", "))
}

// checkWellKnown: "If [...] the supplied value is not recognized, the implementation
// MUST ensure the Accepted Condition on the BackendTLSPolicy is set to status: False,
// with a Reason Invalid" (BackendTLSPolicyValidation.wellKnownCACertificates).
func checkWellKnown(p *gwv1.BackendTLSPolicy) *problem {
	v := p.Spec.Validation
	switch known := wellKnown(v); {
	case known != "" && len(v.CACertificateRefs) > 0:
		return problemf(gwv1.PolicyReasonInvalid, "spec.validation: caCertificateRefs and wellKnownCACertificates exclude each other")
	case known != "" && known != gwv1.WellKnownCACertificatesSystem:
		return problemf(gwv1.PolicyReasonInvalid, "spec.validation.wellKnownCACertificates: %s is not supported: use %s",
			known, gwv1.WellKnownCACertificatesSystem)
	case known == "" && len(v.CACertificateRefs) == 0:
		return problemf(gwv1.PolicyReasonInvalid, "spec.validation: caCertificateRefs or wellKnownCACertificates must be set")
	}
	return nil
}

func wellKnown(v gwv1.BackendTLSPolicyValidation) gwv1.WellKnownCACertificatesType {
	if v.WellKnownCACertificates == nil {
		return ""
	}
	return *v.WellKnownCACertificates
}

// resolveBackendTLS works out what a policy says. Its problem is set where none of
// its certificates is valid.
func (t *translation) resolveBackendTLS(p *tlsPolicy) *BackendTLS {
	v := p.object.Spec.Validation
	tls := &BackendTLS{Hostname: string(v.Hostname), SystemCAs: wellKnown(v) == gwv1.WellKnownCACertificatesSystem}
	// References of policies don't leave their namespace.
	from := referrer{group: gwv1.GroupName, kind: "BackendTLSPolicy", namespace: p.object.Namespace}
	for i, ref := range v.CACertificateRefs {
		to := referent{group: string(ref.Group), kind: string(ref.Kind), name: types.NamespacedName{Namespace: from.namespace, Name: string(ref.Name)}}
		bundle, name, problem := t.caBundle(from, to, policyReasons)
		if name.Name != "" {
			p.configMaps = append(p.configMaps, name)
		}
		if problem != nil {
			p.unresolved.add(problem.prefixed(fmt.Sprintf("spec.validation.caCertificateRefs[%d]", i)))
			continue
		}
		tls.CABundles = append(tls.CABundles, bundle)
	}
	if unresolved := p.unresolved.summary(); unresolved != nil && len(tls.CABundles) == 0 {
		p.reject(problemf(gwv1.BackendTLSPolicyReasonNoValidCACertificate, "no endpoint can be verified: %s", unresolved.message))
	}
	for i, san := range v.SubjectAltNames {
		name, problem := compileSubjectAltName(san)
		p.reject(problem.prefixed(fmt.Sprintf("spec.validation.subjectAltNames[%d]", i)))
		tls.SubjectAltNames = append(tls.SubjectAltNames, name)
	}
	return tls
}

// reject makes the policy one that is not accepted, if nothing has before.
func (p *tlsPolicy) reject(problem *problem) {
	if p.problem == nil {
		p.problem = problem
	}
}

func compileSubjectAltName(san gwv1.SubjectAltName) (config.SubjectAltName, *problem) {
	const reason = gwv1.PolicyReasonInvalid
	switch {
	case san.Type == gwv1.HostnameSubjectAltNameType && validHostname(strings.ToLower(string(san.Hostname))):
		return config.SubjectAltName{DNS: string(san.Hostname)}, nil
	case san.Type == gwv1.HostnameSubjectAltNameType:
		return config.SubjectAltName{}, problemf(reason, "hostname: %q is not a hostname", san.Hostname)
	case san.Type == gwv1.URISubjectAltNameType && config.IsAbsoluteURI(string(san.URI)):
		return config.SubjectAltName{URI: string(san.URI)}, nil
	case san.Type == gwv1.URISubjectAltNameType:
		return config.SubjectAltName{}, problemf(reason, "uri: %q is not a URI with a scheme", san.URI)
	}
	return config.SubjectAltName{}, problemf(reason, "type %s is not supported: use %s or %s",
		san.Type, gwv1.HostnameSubjectAltNameType, gwv1.URISubjectAltNameType)
}

// policyFor gives the policy that is in force for a port of a Service, nil if there
// is none: of those that name the port the first by age, or else of those that name
// the whole Service. A policy that is not valid is in force all the same, as falling
// back to a laxer one, or to clear text, is what it was made to prevent.
func (t *translation) policyFor(s servicePort) *tlsPolicy {
	var forPort, forService *gwv1.BackendTLSPolicy
	for _, policy := range sortedByAge(t.index.BackendTLSPolicies(snapshot.NameOf(s.service))) {
		for section := range sectionsFor(policy, s.service.Name) {
			switch {
			case section == "" && forService == nil:
				forService = policy
			case section != "" && section == s.port.Name && forPort == nil:
				forPort = policy
			}
		}
	}
	switch {
	case forPort != nil:
		return t.tlsPolicyOf(forPort)
	case forService != nil:
		return t.tlsPolicyOf(forService)
	}
	return nil
}

// sectionsFor gives the ports of a Service that a policy targets, "" for all of them.
func sectionsFor(policy *gwv1.BackendTLSPolicy, service string) map[string]bool {
	sections := map[string]bool{}
	for _, ref := range policy.Spec.TargetRefs {
		if ref.Group != "" || ref.Kind != "Service" || string(ref.Name) != service {
			continue
		}
		if ref.SectionName == nil {
			sections[""] = true
			continue
		}
		sections[string(*ref.SectionName)] = true
	}
	return sections
}

// conflicting gives the policy that takes precedence over this one for a target of
// it, the "{namespace}/{name}" of which goes into a status, or "" if there is none.
func (t *translation) conflicting(policy *gwv1.BackendTLSPolicy) string {
	for _, service := range snapshot.TargetsOf(policy) {
		own := sectionsFor(policy, service.Name)
		for _, other := range sortedByAge(t.index.BackendTLSPolicies(service)) {
			if other == policy {
				break
			}
			for _, section := range slices.Sorted(maps.Keys(sectionsFor(other, service.Name))) {
				if own[section] {
					return snapshot.NameOf(other).String()
				}
			}
		}
	}
	return ""
}
