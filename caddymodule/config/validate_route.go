// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"fmt"
	"strings"
)

// maxWeight is the bound of the Gateway API.
const maxWeight = 1_000_000

func (v *validator) route(r *Route) error {
	err := oneOf(r.ID, "protocol", r.Protocol, "", RouteHTTP, RouteGRPC, RouteTLS, RouteTCP, RouteUDP)
	if err != nil {
		return err
	}
	for i, a := range r.Attachments {
		field := fmt.Sprintf("attachments[%d]", i)
		l, ok := v.listeners[a.Listener]
		switch {
		case !ok:
			return refuse(r.ID, field+".listener", "there is no listener %q", a.Listener)
		case !r.Protocol.on(l.Protocol):
			return refuse(r.ID, field+".listener", "%s has the protocol %s, which is not for routes with protocol %s",
				l.ID, l.Protocol, cmp.Or(r.Protocol, RouteHTTP))
		case len(a.Hostnames) > 0 && (r.Protocol == RouteTCP || r.Protocol == RouteUDP):
			return refuse(r.ID, field+".hostnames", "do not go with protocol %s, which knows no names", r.Protocol)
		}
		for j, name := range a.Hostnames {
			if err := hostname(r.ID, fmt.Sprintf("%s.hostnames[%d]", field, j), name, false); err != nil {
				return err
			}
		}
	}
	if r.Protocol.Streams() && len(r.Rules) > 1 {
		return refuse(r.ID, "rules", "at most one goes with protocol %s", r.Protocol)
	}
	for i := range r.Rules {
		if r.Protocol.Streams() && !r.Rules[i].forwardsOnly() {
			return refuse(r.ID, fmt.Sprintf("rules[%d]", i), "only backends go with protocol %s", r.Protocol)
		}
		c := checker{validator: v, object: r.ID, field: fmt.Sprintf("rules[%d]", i)}
		if err := c.rule(&r.Rules[i]); err != nil {
			return err
		}
	}
	return nil
}

// on says whether routes with the protocol can be attached to listeners with l.
func (p RouteProtocol) on(l Protocol) bool {
	switch p {
	case RouteTLS:
		return l == TLS
	case RouteTCP:
		return l == TCP
	case RouteUDP:
		return l == UDP
	}
	return l == HTTP || l == HTTPS
}

// forwardsOnly says that nothing but backends is set.
func (r *Rule) forwardsOnly() bool {
	filters := len(r.Filters)
	for i := range r.Backends {
		filters += len(r.Backends[i].Filters)
	}
	return filters == 0 && len(r.Matches) == 0 && r.ErrorStatus == 0 && r.Timeouts == nil && r.Retry == nil
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
		if err := at.valueMatch(p.Type, p.Value, Exact, Prefix, Service, Regex); err != nil {
			return err
		}
		switch {
		case p.Type != Regex && !strings.HasPrefix(p.Value, "/"):
			return at.at("value").refuse("%q does not begin with /", p.Value)
		case p.Type == Service && strings.Count(p.Value, "/") > 1:
			return at.at("value").refuse("%q is not a slash and the name of a service", p.Value)
		case p.Type != Regex && p.Precedence != 0:
			return at.at("precedence").refuse("goes with type regex only")
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
