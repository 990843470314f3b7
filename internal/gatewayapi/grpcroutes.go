// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"regexp"
	"strings"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func (t *translation) compileGRPCRoute(o *gwv1.GRPCRoute) *compiled {
	c := t.newRuleCompiler("GRPCRoute", o, forRequests)
	c.failure = "UNAVAILABLE"
	specs := o.Spec.Rules
	if len(specs) == 0 {
		// "If no rules are specified": as with HTTPRoutes, everything.
		specs = make([]gwv1.GRPCRouteRule, 1)
	}
	rules := make([]requestRule, len(specs))
	for i := range specs {
		rules[i] = grpcRule(&specs[i])
	}
	return c.compileAll(rules)
}

// grpcRule turns a rule into one of an HTTPRoute, which has all that is in it, but
// for the matches.
func grpcRule(spec *gwv1.GRPCRouteRule) requestRule {
	rule := requestRule{HTTPRouteRule: gwv1.HTTPRouteRule{
		Name: spec.Name, Filters: grpcFilters(spec.Filters), SessionPersistence: spec.SessionPersistence,
	}}
	for i := range spec.BackendRefs {
		rule.BackendRefs = append(rule.BackendRefs, gwv1.HTTPBackendRef{
			BackendRef: spec.BackendRefs[i].BackendRef, Filters: grpcFilters(spec.BackendRefs[i].Filters),
		})
	}
	matches := spec.Matches
	if len(matches) == 0 {
		// "If no matches are specified, the implementation MUST match every gRPC
		// request" (GRPCRouteRule.matches).
		matches = make([]gwv1.GRPCRouteMatch, 1)
	}
	for i := range matches {
		match, p := compileGRPCMatch(&matches[i])
		rule.matches = append(rule.matches, requestMatch{match, p})
	}
	return rule
}

func grpcFilters(list []gwv1.GRPCRouteFilter) []gwv1.HTTPRouteFilter {
	var filters []gwv1.HTTPRouteFilter
	for _, f := range list {
		filters = append(filters, gwv1.HTTPRouteFilter{
			Type:                   gwv1.HTTPRouteFilterType(f.Type),
			RequestHeaderModifier:  f.RequestHeaderModifier,
			ResponseHeaderModifier: f.ResponseHeaderModifier,
			RequestMirror:          f.RequestMirror,
			ExtensionRef:           f.ExtensionRef,
		})
	}
	return filters
}

func compileGRPCMatch(m *gwv1.GRPCRouteMatch) (config.Match, *problem) {
	path, p := compileGRPCMethod(m.Method)
	if p != nil {
		return config.Match{}, p
	}
	var headers []gwv1.HTTPHeaderMatch
	for _, h := range m.Headers {
		header := gwv1.HTTPHeaderMatch{Name: gwv1.HTTPHeaderName(h.Name), Value: h.Value}
		if h.Type != nil {
			header.Type = new(gwv1.HeaderMatchType(*h.Type))
		}
		headers = append(headers, header)
	}
	match := config.Match{Path: path}
	match.Headers, p = compileHeaderMatches(headers)
	return match, p
}

// compileGRPCMethod gives the paths that calls of a method have. Of several that match,
// the one with more characters of the service goes first, then of the method
// (GRPCRouteRule.matches). That is left open for regular expressions: they go behind
// services that are named, by the length of the expressions.
func compileGRPCMethod(m *gwv1.GRPCMethodMatch) (*config.PathMatch, *problem) {
	if m == nil {
		return &config.PathMatch{Type: config.Prefix, Value: "/"}, nil
	}
	typ, service, method := gwv1.GRPCMethodMatchExact, "", ""
	if m.Type != nil {
		typ = *m.Type
	}
	if m.Service != nil {
		service = *m.Service
	}
	if m.Method != nil {
		method = *m.Method
	}
	if service == "" && method == "" {
		return nil, problemf(gwv1.RouteReasonUnsupportedValue, "method: service or method must be set")
	}
	switch typ {
	case gwv1.GRPCMethodMatchExact:
		return exactMethod(service, method)
	case gwv1.GRPCMethodMatchRegularExpression:
		return methodExpression(service, method)
	}
	return nil, problemf(gwv1.RouteReasonUnsupportedValue, "method: type %s is not supported", typ)
}

// precedence of a regular expression for methods: more characters of the service, then
// of the method, go first.
func precedence(service, method string) int { return len(service)<<16 | len(method)<<1 }

func exactMethod(service, method string) (*config.PathMatch, *problem) {
	for _, name := range []string{service, method} {
		if strings.ContainsAny(name, "/?#% ") {
			return nil, problemf(gwv1.RouteReasonUnsupportedValue, "method: %q is not the name of a service or a method", name)
		}
	}
	switch {
	case method == "":
		return &config.PathMatch{Type: config.Service, Value: "/" + service}, nil
	case service == "":
		return &config.PathMatch{
			Type: config.Regex, Value: "/[^/]+/" + regexp.QuoteMeta(method),
			// In front of expressions of the same length.
			Precedence: precedence("", method) + 1,
		}, nil
	}
	return &config.PathMatch{Type: config.Exact, Value: "/" + service + "/" + method}, nil
}

func methodExpression(service, method string) (*config.PathMatch, *problem) {
	var path strings.Builder
	for _, part := range []struct{ what, expression string }{{"method.service", service}, {"method.method", method}} {
		if part.expression == "" {
			path.WriteString("/[^/]+")
			continue
		}
		if p := checkRegex(part.what, part.expression); p != nil {
			return nil, p
		}
		path.WriteString("/(?:" + part.expression + ")")
	}
	return &config.PathMatch{Type: config.Regex, Value: path.String(), Precedence: precedence(service, method)}, nil
}
