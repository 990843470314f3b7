// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

var methods = []gwv1.HTTPMethod{
	gwv1.HTTPMethodGet, gwv1.HTTPMethodHead, gwv1.HTTPMethodPost, gwv1.HTTPMethodPut, gwv1.HTTPMethodDelete,
	gwv1.HTTPMethodConnect, gwv1.HTTPMethodOptions, gwv1.HTTPMethodTrace, gwv1.HTTPMethodPatch,
}

func compileMatch(m *gwv1.HTTPRouteMatch) (config.Match, *problem) {
	match := config.Match{}
	path, p := compilePath(m.Path)
	if p != nil {
		return match, p
	}
	match.Path = path
	if match.Headers, p = compileHeaderMatches(m.Headers); p != nil {
		return match, p
	}
	if match.Query, p = compileQueryMatches(m.QueryParams); p != nil {
		return match, p
	}
	if m.Method != nil {
		if !slices.Contains(methods, *m.Method) {
			return match, problemf(gwv1.RouteReasonUnsupportedValue, "method %s is not supported", *m.Method)
		}
		match.Method = string(*m.Method)
	}
	return match, nil
}

// compilePath gives the default, Prefix "/", in full, since it counts in the
// precedence of matches.
func compilePath(m *gwv1.HTTPPathMatch) (*config.PathMatch, *problem) {
	typ, value := gwv1.PathMatchPathPrefix, "/"
	if m != nil && m.Type != nil {
		typ = *m.Type
	}
	if m != nil && m.Value != nil {
		value = *m.Value
	}
	switch typ {
	case gwv1.PathMatchExact:
		path, p := decodePath(value)
		return &config.PathMatch{Type: config.Exact, Value: path}, p
	case gwv1.PathMatchPathPrefix:
		path, p := decodePath(value)
		return &config.PathMatch{Type: config.Prefix, Value: path}, p
	case gwv1.PathMatchRegularExpression:
		return &config.PathMatch{Type: config.Regex, Value: value}, checkRegex("path", value)
	}
	return nil, problemf(gwv1.RouteReasonUnsupportedValue, "path: type %s is not supported", typ)
}

// decodePath gives a path as those of requests are compared, percent-decoded: CRDs
// admit no other way to write most characters. It refuses what the CRDs refuse, and
// what no request's path can be.
func decodePath(value string) (string, *problem) {
	const reason = gwv1.RouteReasonUnsupportedValue
	for _, bad := range []string{"%2f", "%2F", "#", "?"} {
		if strings.Contains(value, bad) {
			return "", problemf(reason, "path: %q contains %s", value, bad)
		}
	}
	path, err := url.PathUnescape(value)
	if err != nil {
		return "", problemf(reason, "path: %q: %v", value, err)
	}
	switch {
	case !strings.HasPrefix(path, "/"):
		return "", problemf(reason, "path: %q does not begin with /", value)
	case !utf8.ValidString(path):
		return "", problemf(reason, "path: %q is not UTF-8", value)
	case strings.HasSuffix(path, "/.") || strings.HasSuffix(path, "/.."):
		return "", problemf(reason, "path: %q ends with a dot segment", value)
	}
	for _, bad := range []string{"//", "/./", "/../"} {
		if strings.Contains(path, bad) {
			return "", problemf(reason, "path: %q contains %s", value, bad)
		}
	}
	return path, nil
}

func checkRegex(what, expression string) *problem {
	if _, err := config.FullMatch(expression); err != nil {
		return problemf(gwv1.RouteReasonUnsupportedValue, "%s: not a regular expression (RE2): %v", what, err)
	}
	return nil
}

// compileHeaderMatches drops repetitions: "only the first entry with an
// equivalent name MUST be considered" (HTTPHeaderMatch.name).
func compileHeaderMatches(list []gwv1.HTTPHeaderMatch) ([]config.ValueMatch, *problem) {
	var matches []config.ValueMatch
	seen := map[string]bool{}
	for _, h := range list {
		name := strings.ToLower(string(h.Name))
		if seen[name] {
			continue
		}
		seen[name] = true
		typ := gwv1.HeaderMatchExact
		if h.Type != nil {
			typ = *h.Type
		}
		if p := checkHeaderName(string(h.Name)); p != nil {
			return nil, p
		}
		match, p := compileValue("header "+string(h.Name), string(typ), h.Value)
		if p != nil {
			return nil, p
		}
		match.Name = string(h.Name)
		matches = append(matches, match)
	}
	return matches, nil
}

// compileQueryMatches drops repetitions, too. Names of parameters are exact.
func compileQueryMatches(list []gwv1.HTTPQueryParamMatch) ([]config.ValueMatch, *problem) {
	var matches []config.ValueMatch
	seen := map[gwv1.HTTPHeaderName]bool{}
	for _, q := range list {
		if seen[q.Name] {
			continue
		}
		seen[q.Name] = true
		typ := gwv1.QueryParamMatchExact
		if q.Type != nil {
			typ = *q.Type
		}
		if q.Name == "" {
			return nil, problemf(gwv1.RouteReasonUnsupportedValue, "query parameter: the name is empty")
		}
		match, p := compileValue("query parameter "+string(q.Name), string(typ), q.Value)
		if p != nil {
			return nil, p
		}
		match.Name = string(q.Name)
		matches = append(matches, match)
	}
	return matches, nil
}

func compileValue(what, typ, value string) (config.ValueMatch, *problem) {
	switch typ {
	case string(gwv1.HeaderMatchExact):
		return config.ValueMatch{Type: config.Exact, Value: value}, nil
	case string(gwv1.HeaderMatchRegularExpression):
		return config.ValueMatch{Type: config.Regex, Value: value}, checkRegex(what, value)
	}
	return config.ValueMatch{}, problemf(gwv1.RouteReasonUnsupportedValue, "%s: type %s is not supported", what, typ)
}
