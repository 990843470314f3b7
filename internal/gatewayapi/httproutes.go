// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// ruleCompiler compiles the rules of one route.
type ruleCompiler struct {
	translation *translation
	from        referrer
	// use is what backends are needed for.
	use backendUse
	// failure words what requests are answered with that no valid rule is for.
	failure  string
	compiled *compiled
	services map[types.NamespacedName]bool
}

func (t *translation) newRuleCompiler(kind string, o metav1.Object, use backendUse) *ruleCompiler {
	return &ruleCompiler{
		translation: t,
		from:        referrer{group: gwv1.GroupName, kind: kind, namespace: o.GetNamespace()},
		use:         use,
		failure:     "500",
		compiled:    &compiled{},
		services:    map[types.NamespacedName]bool{},
	}
}

// requestRule is a rule of an HTTPRoute or a GRPCRoute, its matches being compiled.
type requestRule struct {
	gwv1.HTTPRouteRule

	matches []requestMatch
}

// requestMatch is a match, or what is wrong with it.
type requestMatch struct {
	config.Match

	problem *problem
}

func (t *translation) compileHTTPRoute(o *gwv1.HTTPRoute) *compiled {
	specs := o.Spec.Rules
	if len(specs) == 0 {
		// The default of the schema.
		specs = make([]gwv1.HTTPRouteRule, 1)
	}
	rules := make([]requestRule, len(specs))
	for i := range specs {
		rules[i].HTTPRouteRule = specs[i]
		matches := specs[i].Matches
		if len(matches) == 0 {
			// The default of the schema.
			matches = make([]gwv1.HTTPRouteMatch, 1)
		}
		for j := range matches {
			match, p := compileMatch(&matches[j])
			rules[i].matches = append(rules[i].matches, requestMatch{match, p})
		}
	}
	return t.newRuleCompiler("HTTPRoute", o, forRequests).compileAll(rules)
}

// compileAll compiles all rules of the route.
func (c *ruleCompiler) compileAll(rules []requestRule) *compiled {
	var invalid problems
	var names []string
	for i := range rules {
		place := fmt.Sprintf("rules[%d]", i)
		rule, found := c.compile(&rules[i], place)
		if rule != nil {
			c.compiled.rules = append(c.compiled.rules, rule)
		}
		if p := found.summary(); p != nil {
			invalid.add(p)
			names = append(names, place)
		}
	}
	switch p := invalid.summary(); {
	case p == nil:
	case len(invalid) == len(rules):
		c.compiled.rejected = &problem{reason: p.reason, message: "no rule is valid: " + p.message}
	default:
		// The API demands the prefix, and has one reason for this condition.
		c.compiled.partly = problemf(gwv1.RouteReasonUnsupportedValue,
			"Dropped Rule %s; requests that match are answered with %s: %s", strings.Join(names, ", "), c.failure, p.message)
	}
	return c.compiled
}

// compile gives the rule, or nil if nothing can match it, and what is invalid in
// it. An invalid rule keeps the matches that can be understood and answers 500.
func (c *ruleCompiler) compile(spec *requestRule, place string) (*Rule, problems) {
	var invalid problems
	rule := &Rule{}
	if spec.Name != nil {
		rule.Name = string(*spec.Name)
	}
	for i, m := range spec.matches {
		if m.problem != nil {
			invalid.add(m.problem.prefixed(fmt.Sprintf("%s.matches[%d]", place, i)))
			continue
		}
		rule.Matches = append(rule.Matches, m.Match)
	}
	if len(rule.Matches) == 0 {
		rule = nil
	}

	list := c.filters(spec.Filters, place, &invalid)
	invalid.add(checkCombination(&spec.HTTPRouteRule).prefixed(place))
	timeouts, p := compileTimeouts(spec.Timeouts)
	invalid.add(p.prefixed(place + ".timeouts"))
	retry, p := compileRetry(spec.Retry)
	invalid.add(p.prefixed(place + ".retry"))
	if spec.SessionPersistence != nil {
		invalid.add(problemf(gwv1.RouteReasonUnsupportedValue, "%s.sessionPersistence: not supported", place))
	}
	shares := c.shares(spec.BackendRefs, place, &invalid)
	switch {
	case rule == nil:
	case len(invalid) > 0 || list.failed:
		rule.ErrorStatus = 500
	default:
		rule.Filters, rule.Mirrors, rule.Backends = list.filters, list.mirrors, shares
		rule.Timeouts, rule.Retry = timeouts, retry
	}
	return rule, invalid
}

// maxWeight is the API's bound of BackendRef.weight.
const maxWeight = 1_000_000

// shares resolves backendRefs. What can't be resolved is reported and keeps its
// share of the requests, without a backend.
func (c *ruleCompiler) shares(refs []gwv1.HTTPBackendRef, place string, invalid *problems) []Share {
	var shares []Share
	for i := range refs {
		place := fmt.Sprintf("%s.backendRefs[%d]", place, i)
		share := Share{Weight: 1}
		if refs[i].Weight != nil {
			share.Weight = *refs[i].Weight
		}
		if share.Weight < 0 || share.Weight > maxWeight {
			invalid.add(problemf(gwv1.RouteReasonUnsupportedValue, "%s: weight %d is not from 0 to %d", place, share.Weight, maxWeight))
		}
		backend, p := c.backend(refs[i].BackendObjectReference)
		c.compiled.unresolved.add(p.prefixed(place))
		list := c.filters(refs[i].Filters, place, invalid)
		if p == nil && !list.failed && backend != nil {
			share.Backend, share.Filters, share.Mirrors = backend, list.filters, list.mirrors
		}
		shares = append(shares, share)
	}
	return shares
}

// backend resolves a reference and notes the Service that it names.
func (c *ruleCompiler) backend(ref gwv1.BackendObjectReference) (*Backend, *problem) {
	if name := backendReferent(c.from, ref).name; !c.services[name] {
		c.services[name] = true
		c.compiled.services = append(c.compiled.services, name)
	}
	return c.translation.backend(c.from, ref, c.use)
}

// checkCombination finds filters that don't go together.
func checkCombination(spec *gwv1.HTTPRouteRule) *problem {
	const reason = gwv1.RouteReasonIncompatibleFilters
	if p := checkFilters(spec.Filters); p != nil {
		return p
	}
	for i := range spec.BackendRefs {
		if p := checkFilters(spec.BackendRefs[i].Filters); p != nil {
			return p.prefixed(fmt.Sprintf("backendRefs[%d]", i))
		}
	}
	if countFilters(spec.Filters, gwv1.HTTPRouteFilterRequestRedirect) > 0 && len(spec.BackendRefs) > 0 {
		return problemf(reason, "a RequestRedirect filter excludes backendRefs")
	}
	if replacesPrefix(spec) && !onlyPrefixes(spec.Matches) {
		return problemf(gwv1.RouteReasonUnsupportedValue, "ReplacePrefixMatch needs matches of type PathPrefix")
	}
	return nil
}

// onlyPrefixes says whether all matches have a path of type PathPrefix, which is
// what a match without a path has.
func onlyPrefixes(matches []gwv1.HTTPRouteMatch) bool {
	for _, m := range matches {
		if m.Path != nil && m.Path.Type != nil && *m.Path.Type != gwv1.PathMatchPathPrefix {
			return false
		}
	}
	return true
}

func compileTimeouts(spec *gwv1.HTTPRouteTimeouts) (*config.Timeouts, *problem) {
	if spec == nil {
		return nil, nil
	}
	request, err := parseDuration(spec.Request)
	if err != nil {
		return nil, problemf(gwv1.RouteReasonUnsupportedValue, "request: %v", err)
	}
	backend, err := parseDuration(spec.BackendRequest)
	if err != nil {
		return nil, problemf(gwv1.RouteReasonUnsupportedValue, "backendRequest: %v", err)
	}
	if request > 0 && backend > request {
		return nil, problemf(gwv1.RouteReasonUnsupportedValue, "backendRequest is longer than request")
	}
	if request == 0 && backend == 0 {
		return nil, nil
	}
	return &config.Timeouts{Request: config.Duration(request), BackendRequest: config.Duration(backend)}, nil
}
