// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"strings"
)

// maxWeight is the bound of the Gateway API.
const maxWeight = 1_000_000

func (v *validator) route(r *Route) error {
	for i, a := range r.Attachments {
		field := fmt.Sprintf("attachments[%d]", i)
		if !v.listeners[a.Listener] {
			return refuse(r.ID, field+".listener", "there is no listener %q", a.Listener)
		}
		for j, name := range a.Hostnames {
			if err := hostname(r.ID, fmt.Sprintf("%s.hostnames[%d]", field, j), name, false); err != nil {
				return err
			}
		}
	}
	for i := range r.Rules {
		c := checker{validator: v, object: r.ID, field: fmt.Sprintf("rules[%d]", i)}
		if err := c.rule(&r.Rules[i]); err != nil {
			return err
		}
	}
	return nil
}

// checker refuses fields of one object below one field.
type checker struct {
	*validator

	object, field string
}

func (c checker) at(format string, args ...any) checker {
	c.field += "." + fmt.Sprintf(format, args...)
	return c
}

func (c checker) refuse(format string, args ...any) error {
	return refuse(c.object, c.field, format, args...)
}

func (c checker) rule(r *Rule) error {
	if r.ErrorStatus != 0 && (r.ErrorStatus < 400 || r.ErrorStatus > 599) {
		return c.at("error_status").refuse("%d is not from 400 to 599", r.ErrorStatus)
	}
	prefixOnly := true
	for i, m := range r.Matches {
		if err := c.at("matches[%d]", i).match(&m); err != nil {
			return err
		}
		prefixOnly = prefixOnly && (m.Path == nil || m.Path.Type == Prefix)
	}
	if err := c.at("filters").filters(r.Filters, prefixOnly); err != nil {
		return err
	}
	for i, b := range r.Backends {
		at := c.at("backends[%d]", i)
		switch {
		case b.Backend != "" && !c.backends[b.Backend]:
			return at.at("backend").refuse("there is no backend %q", b.Backend)
		case b.Weight < 0 || b.Weight > maxWeight:
			return at.at("weight").refuse("%d is not from 0 to %d", b.Weight, maxWeight)
		}
		if err := at.at("filters").filters(b.Filters, prefixOnly); err != nil {
			return err
		}
	}
	if err := c.at("timeouts").timeouts(r.Timeouts); err != nil {
		return err
	}
	return c.at("retry").retry(r.Retry)
}

func (c checker) retry(r *Retry) error {
	switch {
	case r == nil:
		return nil
	case r.Attempts < 0:
		return c.at("attempts").refuse("must not be negative")
	case r.Backoff < 0:
		return c.at("backoff").refuse("must not be negative")
	}
	for i, code := range r.Codes {
		if code < 400 || code > 599 {
			return c.at("codes[%d]", i).refuse("%d is not from 400 to 599", code)
		}
	}
	return nil
}

func (c checker) timeouts(t *Timeouts) error {
	switch {
	case t == nil:
	case t.Request < 0 || t.BackendRequest < 0:
		return c.refuse("must not be negative")
	case t.Request > 0 && t.BackendRequest > t.Request:
		return c.at("backend_request").refuse("must not be longer than request")
	}
	return nil
}

func (c checker) match(m *Match) error {
	if p := m.Path; p != nil {
		at := c.at("path")
		if err := at.valueMatch(p.Type, p.Value, Exact, Prefix, Regex); err != nil {
			return err
		}
		if p.Type != Regex && !strings.HasPrefix(p.Value, "/") {
			return at.at("value").refuse("%q does not begin with /", p.Value)
		}
	}
	for i, h := range m.Headers {
		at := c.at("headers[%d]", i)
		if !isToken(h.Name) {
			return at.at("name").refuse("%q is not a header name", h.Name)
		}
		if err := at.valueMatch(h.Type, h.Value, "", Exact, Regex); err != nil {
			return err
		}
	}
	for i, q := range m.Query {
		at := c.at("query[%d]", i)
		if q.Name == "" {
			return at.at("name").refuse("a name is needed")
		}
		if err := at.valueMatch(q.Type, q.Value, "", Exact, Regex); err != nil {
			return err
		}
	}
	if m.Method != "" && !isToken(m.Method) {
		return c.at("method").refuse("%q is not a method", m.Method)
	}
	return nil
}

func (c checker) valueMatch(kind MatchType, value string, allowed ...MatchType) error {
	if err := oneOf(c.object, c.field+".type", kind, allowed...); err != nil {
		return err
	}
	if kind == Regex {
		if _, err := FullMatch(value); err != nil {
			return c.at("value").refuse("%v", err)
		}
	}
	return nil
}
