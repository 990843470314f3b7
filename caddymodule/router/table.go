// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package router

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Rule is one rule of a route under a listener.
type Rule[T any] struct {
	// Hostnames of the route under this listener (config.Attachment). Empty:
	// every host.
	Hostnames []string
	// Matches are alternatives. Empty: every request.
	Matches []config.Match

	// Created, RouteID and Index decide between rules that fit equally well: the
	// older route, the lesser ID, the first rule in the route.
	Created int64
	RouteID string
	Index   int

	// Value is what a lookup returns.
	Value T
}

// Result of a lookup.
type Result[T any] struct {
	// Value of the rule.
	Value T
	// Prefix is the prefix that a Prefix match matched, with no slash at its end
	// except for "/". It is empty for the other kinds of match.
	Prefix string
}

// Table finds rules. It is immutable, and nil is one without rules.
type Table[T any] struct {
	hosts *Hosts[*paths[T]]
	names *queryNames
}

// Lookup returns the first rule that fits, in the order of config.Route. If no
// rule of the most specific hostname fits, those of less specific ones are tried.
func (t *Table[T]) Lookup(r *Request) (Result[T], bool) {
	if t == nil {
		return Result[T]{}, false
	}
	var c cursor
	for {
		p, ok := t.hosts.next(r.Host, &c)
		if !ok {
			return Result[T]{}, false
		}
		if result, ok := p.lookup(r, t.names); ok {
			return result, true
		}
	}
}

// Compile makes the table of a listener. Its errors are *config.Refusal and name
// the route and the match.
func Compile[T any](rules []Rule[T]) (*Table[T], error) {
	b := builder[T]{
		hosts: map[string]*paths[T]{},
		table: &Table[T]{names: &queryNames{numbers: map[string]int{}}},
		regex: regexes{},
	}
	for _, m := range inOrder(rules) {
		if err := b.add(m); err != nil {
			return nil, &config.Refusal{
				Object:  m.rule.RouteID,
				Field:   fmt.Sprintf("rules[%d].matches[%d]", m.rule.Index, m.index),
				Message: err.Error(),
			}
		}
	}
	for _, p := range b.hosts {
		p.root.link()
		slices.SortStableFunc(p.regex, func(a, b candidate[T]) int { return cmp.Compare(b.precedence, a.precedence) })
	}
	b.table.hosts = NewHosts(b.hosts)
	return b.table, nil
}

// ruleMatch is one of the alternatives of a rule.
type ruleMatch[T any] struct {
	rule *Rule[T]
	config.Match
	index int
}

// inOrder lists all matches by the part of the precedence that hosts and paths
// have no say in. Whatever is filed in this order is found in it.
func inOrder[T any](rules []Rule[T]) []ruleMatch[T] {
	list := make([]ruleMatch[T], 0, len(rules))
	for i := range rules {
		if len(rules[i].Matches) == 0 {
			list = append(list, ruleMatch[T]{rule: &rules[i]})
		}
		for j, m := range rules[i].Matches {
			list = append(list, ruleMatch[T]{rule: &rules[i], Match: m, index: j})
		}
	}
	slices.SortStableFunc(list, func(a, b ruleMatch[T]) int {
		return cmp.Or(
			// Any method sorts behind a named one.
			boolCompare(a.Method == "", b.Method == ""),
			cmp.Compare(len(b.Headers), len(a.Headers)),
			cmp.Compare(len(b.Query), len(a.Query)),
			cmp.Compare(a.rule.Created, b.rule.Created),
			cmp.Compare(a.rule.RouteID, b.rule.RouteID),
			cmp.Compare(a.rule.Index, b.rule.Index),
			cmp.Compare(a.index, b.index),
		)
	})
	return list
}

// boolCompare sorts false before true.
func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// builder files matches, which come in order, by host and path.
type builder[T any] struct {
	hosts map[string]*paths[T]
	table *Table[T]
	regex regexes
}

func (b *builder[T]) add(m ruleMatch[T]) error {
	c := candidate[T]{result: Result[T]{Value: m.rule.Value}}
	if err := b.predicates(&c.predicates, m.Match); err != nil {
		return err
	}
	hostnames := m.rule.Hostnames
	if len(hostnames) == 0 {
		hostnames = []string{""}
	}
	path := config.PathMatch{Type: config.Prefix, Value: "/"}
	if m.Path != nil {
		path = *m.Path
	}
	for _, name := range hostnames {
		name = lowerASCII(name)
		if b.hosts[name] == nil {
			b.hosts[name] = &paths[T]{exact: map[string][]candidate[T]{}}
		}
		if err := b.file(b.hosts[name], path, c); err != nil {
			return err
		}
	}
	return nil
}

// file puts the candidate where lookups of its path find it.
func (b *builder[T]) file(p *paths[T], path config.PathMatch, c candidate[T]) (err error) {
	switch path.Type {
	case config.Exact:
		p.exact[path.Value] = append(p.exact[path.Value], c)
	case config.Prefix:
		if !strings.HasPrefix(path.Value, "/") {
			return fmt.Errorf("path: prefix %q does not begin with a slash", path.Value)
		}
		prefix := strings.TrimSuffix(path.Value, "/")
		n := p.root.at(prefix)
		c.result.Prefix = cmp.Or(prefix, "/")
		n.candidates = append(n.candidates, c)
	case config.Service:
		if p.services == nil {
			p.services = map[string][]candidate[T]{}
		}
		p.services[path.Value] = append(p.services[path.Value], c)
	case config.Regex:
		c.precedence = path.Precedence
		if c.path, err = b.regex.compile(path.Value); err != nil {
			return fmt.Errorf("path: %w", err)
		}
		p.regex = append(p.regex, c)
	default:
		return fmt.Errorf("path: match type %q is not exact, service, regex or prefix", path.Type)
	}
	return nil
}

func (b *builder[T]) predicates(p *predicates, m config.Match) error {
	p.method = m.Method
	for _, h := range m.Headers {
		value, err := b.regex.value(h)
		if err != nil {
			return fmt.Errorf("header %s: %w", h.Name, err)
		}
		p.headers = append(p.headers, headerPredicate{name: headerName(h.Name), valuePredicate: value})
	}
	for _, q := range m.Query {
		value, err := b.regex.value(q)
		if err != nil {
			return fmt.Errorf("query parameter %s: %w", q.Name, err)
		}
		p.query = append(p.query, queryPredicate{number: b.table.names.number(q.Name), valuePredicate: value})
	}
	return nil
}
