// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
)

// Omission is something of a Config that a proxy of an earlier revision is not told.
type Omission struct {
	// Object is its ID, empty for what is of the Config itself.
	Object string
	// Field is where it is within the object, such as "rules[0].filters[1].cors".
	Field string
	// Absence is Harmless or Closes.
	Absence Absence
}

// String is for people.
func (o Omission) String() string {
	where := o.Field
	if o.Object != "" {
		where = o.Object + ": " + o.Field
	}
	if o.Absence == Closes {
		return where + " is left out, and what needs it is not served"
	}
	return where + " is left out"
}

// At returns what to send for c to a proxy of a revision, and what that lacks. It is c
// itself, and lacks nothing, if nothing in c came later. Otherwise it is a sealed
// configuration of its own, which shares with c what is the same. c, which must be
// sealed, stays as it is.
func (c *Config) At(revision int) (*Config, []Omission) {
	return c.without(newerThan(revision, additions))
}

func (c *Config) without(n *newer) (*Config, []Omission) {
	if !n.within(reflect.TypeFor[Config]()) {
		return c, nil
	}
	o := older{stripper: stripper{newer: n}, shut: map[string]bool{}}
	next := o.config(*c)
	if len(o.omissions) == 0 {
		return c, nil
	}
	Seal(&next)
	return &next, o.omissions
}

// older takes what is newer out of a Config and closes what needs it.
type older struct {
	stripper

	shut map[string]bool // IDs of the Gateways and listeners that are closed
}

// config goes through the lists in the order in which one closes the next.
func (o *older) config(c Config) Config {
	lists := c
	c.Gateways, c.Listeners, c.Routes, c.Backends, c.Certificates, c.CABundles = nil, nil, nil, nil, nil, nil
	c, _ = strip(o.at(""), c)
	c.Gateways = mapped(lists.Gateways, o.gateway)
	c.Listeners = mapped(lists.Listeners, o.listener)
	c.Routes = mapped(lists.Routes, o.route)
	c.Backends = mapped(lists.Backends, o.backend)
	c.Certificates = mapped(lists.Certificates, func(x Certificate) Certificate { x, _ = strip(o.at(x.ID), x); return x })
	c.CABundles = mapped(lists.CABundles, func(x CABundle) CABundle { x, _ = strip(o.at(x.ID), x); return x })
	return c
}

func (o *older) gateway(g Gateway) Gateway {
	g, o.shut[g.ID] = strip(o.at(g.ID), g)
	return g
}

// listener keeps one that is closed, so that its names don't fall to one that is less
// specific.
func (o *older) listener(l Listener) Listener {
	l, closes := strip(o.at(l.ID), l)
	if !closes && !o.shut[l.Gateway] {
		return l
	}
	o.shut[l.ID] = true
	if l.TLS != nil {
		l.TLS = &ListenerTLS{Mode: l.TLS.Mode}
	}
	return l
}

func (o *older) route(r Route) Route {
	rules := r.Rules
	r.Rules = nil
	r, all := strip(o.at(r.ID), r)
	r.Rules = rules
	if all || o.within(reflect.TypeFor[Rule]()) {
		r.Rules = slices.Clone(rules)
		for i := range rules {
			rule, closes := strip(o.at(r.ID, fmt.Sprintf("rules[%d]", i)), rules[i])
			if all || closes {
				rule = rule.closed(r.Protocol)
			}
			r.Rules[i] = rule
		}
	}
	isShut := func(a Attachment) bool { return o.shut[a.Listener] }
	if slices.ContainsFunc(r.Attachments, isShut) {
		r.Attachments = slices.DeleteFunc(slices.Clone(r.Attachments), isShut)
	}
	return r
}

// closed is the rule that takes what r takes and serves none of it.
func (r Rule) closed(p RouteProtocol) Rule {
	if p.Streams() {
		return Rule{Name: r.Name, Backends: []WeightedBackend{{Weight: 1}}}
	}
	return Rule{Name: r.Name, Matches: r.Matches, ErrorStatus: http.StatusInternalServerError}
}

func (o *older) backend(b Backend) Backend {
	b, closes := strip(o.at(b.ID), b)
	if closes {
		b.Endpoints = nil
	}
	return b
}

// mapped returns nil for nil, as JSON does.
func mapped[T any](list []T, f func(T) T) []T {
	list = slices.Clone(list)
	for i := range list {
		list[i] = f(list[i])
	}
	return list
}
