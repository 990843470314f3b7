// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package router

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// reference is the specification of Table, written for reading: it tries every
// match of every rule under every hostname, and takes the best that fits.
func reference[T any](rules []Rule[T], r *Request) (Result[T], bool) {
	var fitting []fit[T]
	for i := range rules {
		hostnames := rules[i].Hostnames
		if len(hostnames) == 0 {
			hostnames = []string{""}
		}
		matches := rules[i].Matches
		if len(matches) == 0 {
			matches = []config.Match{{}}
		}
		for _, hostname := range hostnames {
			for j, m := range matches {
				if hostFits(hostname, r.Host) && matchFits(m, r) {
					fitting = append(fitting, fit[T]{&rules[i], m, j, hostname})
				}
			}
		}
	}
	if len(fitting) == 0 {
		return Result[T]{}, false
	}
	best := slices.MinFunc(fitting, fit[T].compare)
	result := Result[T]{Value: best.rule.Value}
	if kind, prefix := pathOf(best.match); kind == config.Prefix {
		result.Prefix = cmp.Or(prefix, "/")
	}
	return result, true
}

type fit[T any] struct {
	rule     *Rule[T]
	match    config.Match
	index    int
	hostname string
}

func (a fit[T]) compare(b fit[T]) int {
	return slices.Compare(a.rank(), b.rank())
}

// rank of a fit, the least being the best, without the route's ID, which the
// generated rules have in the order of Created.
func (a fit[T]) rank() []int64 {
	host := 0
	switch {
	case strings.HasPrefix(a.hostname, "*"):
		host = 1000 - len(a.hostname)
	case a.hostname == "":
		host = 2000
	}
	kind, prefix := pathOf(a.match)
	path := map[config.MatchType]int{config.Exact: 0, config.Service: 1}[kind]
	switch kind {
	case config.Regex:
		path = 1000 - a.match.Path.Precedence
	case config.Prefix:
		path = 10000 - len(prefix)
	}
	method := 0
	if a.match.Method == "" {
		method = 1
	}
	return []int64{
		int64(host), int64(path), int64(method),
		int64(-len(a.match.Headers)), int64(-len(a.match.Query)),
		a.rule.Created, int64(strings.Compare(a.rule.RouteID, "m")), int64(a.rule.Index), int64(a.index),
	}
}

// pathOf returns the type and the value of a path match, prefixes without their last slash.
func pathOf(m config.Match) (config.MatchType, string) {
	switch {
	case m.Path == nil:
		return config.Prefix, ""
	case m.Path.Type == config.Prefix:
		return config.Prefix, strings.TrimSuffix(m.Path.Value, "/")
	}
	return m.Path.Type, m.Path.Value
}

func hostFits(hostname, host string) bool {
	if suffix, wild := strings.CutPrefix(hostname, "*"); wild {
		return strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	return hostname == "" || hostname == host
}

func matchFits(m config.Match, r *Request) bool {
	switch kind, value := pathOf(m); kind {
	case config.Exact:
		if r.Path != value {
			return false
		}
	case config.Service:
		method, ok := strings.CutPrefix(r.Path, value+"/")
		if !ok || method == "" || strings.Contains(method, "/") {
			return false
		}
	case config.Regex:
		if !fullMatch(value, r.Path) {
			return false
		}
	case config.Prefix:
		if value != "" && r.Path != value && !strings.HasPrefix(r.Path, value+"/") {
			return false
		}
	}
	if m.Method != "" && m.Method != r.Method {
		return false
	}
	for _, h := range m.Headers {
		value, set := strings.Join(r.Header.Values(h.Name), ","), len(r.Header.Values(h.Name)) > 0
		if strings.EqualFold(h.Name, "host") {
			value, set = r.Host, true
		}
		if !set || !valueFits(h, value) {
			return false
		}
	}
	query, _ := url.ParseQuery(r.RawQuery)
	for _, q := range m.Query {
		if !query.Has(q.Name) || !valueFits(q, query.Get(q.Name)) {
			return false
		}
	}
	return true
}

func valueFits(m config.ValueMatch, value string) bool {
	if m.Type == config.Regex {
		return fullMatch(m.Value, value)
	}
	return m.Value == value
}

// fullMatch relies on leftmost-longest matching rather than on anchors.
func fullMatch(expression, value string) bool {
	re := regexp.MustCompile(expression)
	re.Longest()
	at := re.FindStringIndex(value)
	return at != nil && at[0] == 0 && at[1] == len(value)
}
