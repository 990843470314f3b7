// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// filterList is what a list of filters comes to.
type filterList struct {
	filters []config.Filter
	// mirrors are the backends that get copies of requests.
	mirrors []*Backend
	// failed is set if a reference to a filter could not be resolved: "the filter
	// MUST NOT be skipped" (HTTPRouteFilter.type).
	failed bool
}

// filters compiles filters in their order. What is not valid is added to invalid.
func (c *ruleCompiler) filters(list []gwv1.HTTPRouteFilter, place string, invalid *problems) filterList {
	var l filterList
	for i := range list {
		place := fmt.Sprintf("%s.filters[%d]", place, i)
		switch f := &list[i]; {
		case f.Type == gwv1.HTTPRouteFilterExtensionRef && f.ExtensionRef != nil:
			filter, p := c.translation.extension(c.from.namespace, *f.ExtensionRef)
			if p != nil {
				c.compiled.unresolved.add(p.prefixed(place))
				l.failed = true
				continue
			}
			l.filters = append(l.filters, filter)
		case f.Type == gwv1.HTTPRouteFilterRequestMirror && f.RequestMirror != nil:
			mirror, backend, p := c.mirror(f.RequestMirror, place+".requestMirror")
			invalid.add(p)
			if mirror != nil {
				l.filters = append(l.filters, config.Filter{Mirror: mirror})
				l.mirrors = append(l.mirrors, backend)
			}
		default:
			filter, p := compileFilter(f)
			if p != nil {
				invalid.add(p.prefixed(place))
				continue
			}
			l.filters = append(l.filters, filter)
		}
	}
	return l
}

func compileFilter(f *gwv1.HTTPRouteFilter) (config.Filter, *problem) {
	switch {
	case f.Type == gwv1.HTTPRouteFilterRequestHeaderModifier && f.RequestHeaderModifier != nil:
		m, p := compileHeaderModifier(f.RequestHeaderModifier)
		return config.Filter{RequestHeaders: m}, p
	case f.Type == gwv1.HTTPRouteFilterResponseHeaderModifier && f.ResponseHeaderModifier != nil:
		m, p := compileHeaderModifier(f.ResponseHeaderModifier)
		return config.Filter{ResponseHeaders: m}, p
	case f.Type == gwv1.HTTPRouteFilterRequestRedirect && f.RequestRedirect != nil:
		r, p := compileRedirect(f.RequestRedirect)
		return config.Filter{Redirect: r}, p
	case f.Type == gwv1.HTTPRouteFilterURLRewrite && f.URLRewrite != nil:
		r, p := compileRewrite(f.URLRewrite)
		return config.Filter{Rewrite: r}, p
	case f.Type == gwv1.HTTPRouteFilterCORS && f.CORS != nil:
		c, p := compileCORS(f.CORS)
		return config.Filter{CORS: c}, p.prefixed("cors")
	}
	return config.Filter{}, problemf(gwv1.RouteReasonUnsupportedValue, "%s is not supported", f.Type)
}

var redirectStatuses = []int{
	http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
	http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
}

func compileRedirect(f *gwv1.HTTPRequestRedirectFilter) (*config.Redirect, *problem) {
	const reason = gwv1.RouteReasonUnsupportedValue
	r := &config.Redirect{Status: http.StatusFound}
	if f.Scheme != nil {
		if *f.Scheme != "http" && *f.Scheme != "https" {
			return nil, problemf(reason, "scheme %s is not supported", *f.Scheme)
		}
		r.Scheme = *f.Scheme
	}
	var p *problem
	if r.Hostname, p = preciseHostname(f.Hostname); p != nil {
		return nil, p
	}
	if f.Port != nil {
		if *f.Port < 1 || *f.Port > 65535 {
			return nil, problemf(reason, "port %d is not from 1 to 65535", *f.Port)
		}
		r.Port = *f.Port
	}
	if f.StatusCode != nil {
		if !slices.Contains(redirectStatuses, *f.StatusCode) {
			return nil, problemf(reason, "statusCode %d is not supported", *f.StatusCode)
		}
		r.Status = *f.StatusCode
	}
	r.Path, p = compilePathModifier(f.Path)
	return r, p
}

func compileRewrite(f *gwv1.HTTPURLRewriteFilter) (*config.Rewrite, *problem) {
	r := &config.Rewrite{}
	var p *problem
	if r.Hostname, p = preciseHostname(f.Hostname); p != nil {
		return nil, p
	}
	r.Path, p = compilePathModifier(f.Path)
	return r, p
}

func preciseHostname(name *gwv1.PreciseHostname) (string, *problem) {
	switch {
	case name == nil || *name == "":
		return "", nil
	case isWildcard(string(*name)) || !validHostname(string(*name)):
		return "", problemf(gwv1.RouteReasonUnsupportedValue, "hostname: %q is not a hostname", *name)
	}
	return string(*name), nil
}

func compilePathModifier(m *gwv1.HTTPPathModifier) (*config.PathModifier, *problem) {
	switch {
	case m == nil:
		return nil, nil
	case m.Type == gwv1.FullPathHTTPPathModifier && m.ReplaceFullPath != nil:
		return &config.PathModifier{ReplaceFull: m.ReplaceFullPath}, checkReplacement(*m.ReplaceFullPath)
	case m.Type == gwv1.PrefixMatchHTTPPathModifier && m.ReplacePrefixMatch != nil:
		return &config.PathModifier{ReplacePrefix: m.ReplacePrefixMatch}, checkReplacement(*m.ReplacePrefixMatch)
	case m.Type == gwv1.FullPathHTTPPathModifier || m.Type == gwv1.PrefixMatchHTTPPathModifier:
		return nil, problemf(gwv1.RouteReasonUnsupportedValue, "path: the value of %s is missing", m.Type)
	}
	return nil, problemf(gwv1.RouteReasonUnsupportedValue, "path: type %s is not supported", m.Type)
}

// checkReplacement keeps out what would end a path or a header field.
func checkReplacement(value string) *problem {
	if i := strings.IndexFunc(value, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '?' || r == '#' }); i >= 0 {
		return problemf(gwv1.RouteReasonUnsupportedValue, "path: %q contains a character that paths can't have", value)
	}
	return nil
}

// checkFilters finds filters of one list that don't go together.
func checkFilters(list []gwv1.HTTPRouteFilter) *problem {
	const reason = gwv1.RouteReasonIncompatibleFilters
	for _, f := range list {
		switch f.Type {
		case gwv1.HTTPRouteFilterExtensionRef, gwv1.HTTPRouteFilterRequestMirror:
		default:
			if countFilters(list, f.Type) > 1 {
				return problemf(reason, "a filter of type %s may be used only once", f.Type)
			}
		}
	}
	if countFilters(list, gwv1.HTTPRouteFilterRequestRedirect) > 0 && countFilters(list, gwv1.HTTPRouteFilterURLRewrite) > 0 {
		return problemf(reason, "filters RequestRedirect and URLRewrite exclude each other")
	}
	return nil
}

func countFilters(list []gwv1.HTTPRouteFilter, typ gwv1.HTTPRouteFilterType) int {
	n := 0
	for _, f := range list {
		if f.Type == typ {
			n++
		}
	}
	return n
}

// replacesPrefix says whether some filter of a rule replaces the matched prefix.
func replacesPrefix(rule *gwv1.HTTPRouteRule) bool {
	lists := [][]gwv1.HTTPRouteFilter{rule.Filters}
	for i := range rule.BackendRefs {
		lists = append(lists, rule.BackendRefs[i].Filters)
	}
	return slices.ContainsFunc(slices.Concat(lists...), func(f gwv1.HTTPRouteFilter) bool {
		return f.RequestRedirect != nil && isPrefixModifier(f.RequestRedirect.Path) ||
			f.URLRewrite != nil && isPrefixModifier(f.URLRewrite.Path)
	})
}

func isPrefixModifier(m *gwv1.HTTPPathModifier) bool {
	return m != nil && m.Type == gwv1.PrefixMatchHTTPPathModifier
}
