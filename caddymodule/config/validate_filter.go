// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func (c checker) filters(list []Filter, prefixOnly bool) error {
	for i := range list {
		at := c
		at.field = fmt.Sprintf("%s[%d]", c.field, i)
		if err := at.filter(&list[i], prefixOnly); err != nil {
			return err
		}
	}
	return nil
}

// filter checks one filter. A prefix can be replaced only where one was matched.
func (c checker) filter(f *Filter, prefixOnly bool) error {
	var set []error
	if f.RequestHeaders != nil {
		set = append(set, c.at("request_headers").headers(f.RequestHeaders))
	}
	if f.ResponseHeaders != nil {
		set = append(set, c.at("response_headers").headers(f.ResponseHeaders))
	}
	if f.Redirect != nil {
		set = append(set, c.at("redirect").redirect(f.Redirect, prefixOnly))
	}
	if f.Rewrite != nil {
		set = append(set, c.at("rewrite").rewrite(f.Rewrite, prefixOnly))
	}
	if f.StaticResponse != nil {
		set = append(set, c.at("static_response").static(f.StaticResponse))
	}
	if f.AccessControl != nil {
		set = append(set, c.at("access_control").access(f.AccessControl))
	}
	if f.Mirror != nil {
		set = append(set, c.at("mirror").mirror(f.Mirror))
	}
	if f.CORS != nil {
		set = append(set, c.at("cors").cors(f.CORS))
	}
	if len(set) != 1 {
		return c.refuse("%d kinds of filter are set, exactly one is needed", len(set))
	}
	return set[0]
}

func (c checker) headers(m *HeaderModifier) error {
	for i, h := range slices.Concat(m.Set, m.Add) {
		if !isToken(h.Name) {
			return c.refuse("field %d of set and add: %q is not a header name", i, h.Name)
		}
		if strings.ContainsAny(h.Value, "\r\n\x00") {
			return c.refuse("field %d of set and add: the value has control characters", i)
		}
	}
	for i, name := range m.Remove {
		if !isToken(name) {
			return c.at("remove[%d]", i).refuse("%q is not a header name", name)
		}
	}
	return nil
}

func (c checker) redirect(r *Redirect, prefixOnly bool) error {
	if err := oneOf(c.object, c.field+".scheme", r.Scheme, "", "http", "https"); err != nil {
		return err
	}
	if err := preciseHostname(c.object, c.field+".hostname", r.Hostname); err != nil {
		return err
	}
	if r.Port < 0 || r.Port > 65535 {
		return c.at("port").refuse("%d is not from 1 to 65535", r.Port)
	}
	switch r.Status {
	case 0, http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return c.at("status").refuse("%d is not 301, 302, 303, 307 or 308", r.Status)
	}
	return c.at("path").pathModifier(r.Path, prefixOnly)
}

func (c checker) rewrite(r *Rewrite, prefixOnly bool) error {
	if err := preciseHostname(c.object, c.field+".hostname", r.Hostname); err != nil {
		return err
	}
	return c.at("path").pathModifier(r.Path, prefixOnly)
}

func (c checker) pathModifier(p *PathModifier, prefixOnly bool) error {
	switch {
	case p == nil:
	case (p.ReplaceFull == nil) == (p.ReplacePrefix == nil):
		return c.refuse("exactly one of replace_full and replace_prefix is needed")
	case p.ReplacePrefix != nil && !prefixOnly:
		return c.at("replace_prefix").refuse("every match of the rule must have a path of type prefix, or none")
	}
	return nil
}

func (c checker) static(s *StaticResponse) error {
	if s.Status < 200 || s.Status > 599 {
		return c.at("status").refuse("%d is not from 200 to 599", s.Status)
	}
	if strings.ContainsAny(s.ContentType, "\r\n\x00") {
		return c.at("content_type").refuse("has control characters")
	}
	return nil
}

func (c checker) access(a *AccessControl) error {
	if err := prefixes(c.object, c.field+".deny", a.Deny); err != nil {
		return err
	}
	return prefixes(c.object, c.field+".allow", a.Allow)
}

func (c checker) mirror(m *Mirror) error {
	switch {
	case !c.backends[m.Backend]:
		return c.at("backend").refuse("there is no backend %q", m.Backend)
	case m.Denominator < 0:
		return c.at("denominator").refuse("must not be negative")
	case m.Numerator < 0 || m.Numerator > m.Denominator:
		return c.at("numerator").refuse("%d is not from 0 to the denominator, %d", m.Numerator, m.Denominator)
	}
	return nil
}

func (c checker) cors(r *CORS) error {
	for i, origin := range r.AllowOrigins {
		if _, err := ParseOriginPattern(origin); err != nil {
			return c.at("allow_origins[%d]", i).refuse("%v", err)
		}
	}
	for _, list := range []struct {
		field  string
		tokens []string
	}{
		{"allow_methods", r.AllowMethods}, {"allow_headers", r.AllowHeaders}, {"expose_headers", r.ExposeHeaders},
	} {
		for i, token := range list.tokens {
			if !isToken(token) { // which * is, too
				return c.at("%s[%d]", list.field, i).refuse("%q is not a token", token)
			}
		}
	}
	if r.MaxAge < 0 {
		return c.at("max_age").refuse("must not be negative")
	}
	return nil
}
