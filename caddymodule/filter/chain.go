// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Context is a request on its way through chains.
type Context struct {
	// Request is what is sent on. Filters change its Header, Host, URL.Path and
	// URL.RawPath in place, so these must not be shared with what the proxy keeps
	// of the request as received.
	Request *http.Request
	// Client is the address of the client, as Gateway.ClientAddress yields it.
	// The zero Addr is a client without a known address.
	Client netip.Addr
	// Prefix is the path prefix that the match matched (router.Result).
	Prefix string
	// Scheme by which the client asked, http or https.
	Scheme string
	// Host is the Host header as received, with its port if it has one.
	Host string
	// ListenerPort is Listener.Port.
	ListenerPort int32
	// Copies are added to by mirrors. They are to be sent if the request is.
	Copies []Copy

	cors    *cors    // the last that has run, nil if none has
	allowed []string // what it has decided
}

// Respond changes the header of a response to the request as the filters that have
// run demand. It comes after Chain.Response.
func (c *Context) Respond(h http.Header) {
	if c.cors != nil {
		c.cors.respond(h, c.allowed)
	}
}

// Answer is a response that a filter gives instead of a backend. It may be
// shared by many requests and must not be modified.
type Answer struct {
	Status int
	// Header fields to add to the response.
	Header http.Header
	Body   []byte
	// Error is set if the answer has the form of the Gateway's error responses,
	// in place of Header and Body.
	Error bool
}

// requestFilter changes a request or answers it.
type requestFilter interface {
	apply(*Context) *Answer
}

// Chain is a compiled list of filters.
type Chain struct {
	request  []requestFilter
	response []headerModifier
	cors     bool
}

// Compile makes a chain, which is nil if there are no filters. Its errors are
// *config.Refusal whose Field is relative to the list: "filters[1].redirect".
func Compile(filters []config.Filter) (*Chain, error) {
	if len(filters) == 0 {
		return nil, nil
	}
	c := &Chain{}
	for i, f := range filters {
		if err := c.add(f); err != nil {
			return nil, &config.Refusal{Field: fmt.Sprintf("filters[%d]", i), Message: err.Error()}
		}
	}
	return c, nil
}

func (c *Chain) add(f config.Filter) error {
	var r requestFilter
	var err error
	switch {
	case f.RequestHeaders != nil:
		r = newRequestHeaders(*f.RequestHeaders)
	case f.ResponseHeaders != nil:
		c.response = append(c.response, newHeaderModifier(*f.ResponseHeaders))
		return nil
	case f.Redirect != nil:
		r, err = newRedirect(*f.Redirect)
	case f.Rewrite != nil:
		r, err = newRewrite(*f.Rewrite)
	case f.StaticResponse != nil:
		r, err = newStatic(*f.StaticResponse)
	case f.AccessControl != nil:
		r, err = newAccessControl(*f.AccessControl)
	case f.CORS != nil:
		c.cors = true
		r, err = newCORS(*f.CORS)
	case f.Mirror != nil:
		r = newMirror(*f.Mirror)
	default:
		err = fmt.Errorf("no field is set; set exactly one")
	}
	if err != nil {
		return err
	}
	c.request = append(c.request, r)
	return nil
}

// Request runs the request through the filters. An answer is to be sent instead
// of what a backend would say; nil means to go on.
func (c *Chain) Request(ctx *Context) *Answer {
	if c == nil {
		return nil
	}
	for _, f := range c.request {
		if answer := f.apply(ctx); answer != nil {
			return answer
		}
	}
	return nil
}

// CORS says whether the chain answers preflights, unless a filter before that does.
func (c *Chain) CORS() bool { return c != nil && c.cors }

// Response changes the header of a response before it is sent.
func (c *Chain) Response(h http.Header) {
	if c == nil {
		return
	}
	for i := range c.response {
		c.response[i].apply(h)
	}
}

// static answers always the same.
type static struct{ answer Answer }

func newStatic(s config.StaticResponse) (*static, error) {
	if s.Status < 200 || s.Status > 599 {
		return nil, fmt.Errorf("static_response.status is %d; it must be from 200 to 599", s.Status)
	}
	f := &static{Answer{Status: s.Status, Body: s.Body}}
	if s.ContentType != "" {
		f.answer.Header = http.Header{"Content-Type": {s.ContentType}}
	}
	return f, nil
}

func (s *static) apply(*Context) *Answer { return &s.answer }

// newRedirect checks what the redirect relies on.
func newRedirect(r config.Redirect) (*redirect, error) {
	status := cmp.Or(r.Status, http.StatusFound)
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, fmt.Errorf("redirect.status is %d; it must be 301, 302, 303, 307 or 308", status)
	}
	if r.Scheme != "" && r.Scheme != "http" && r.Scheme != "https" {
		return nil, fmt.Errorf("redirect.scheme is %q; it must be http or https", r.Scheme)
	}
	if r.Port < 0 || r.Port > 65535 {
		return nil, fmt.Errorf("redirect.port is %d; it must be from 1 to 65535", r.Port)
	}
	if r.Hostname != "" && !safeHost(r.Hostname) {
		return nil, fmt.Errorf("redirect.hostname %q is not a hostname", r.Hostname)
	}
	path, err := newPathModifier(r.Path)
	if err != nil {
		return nil, fmt.Errorf("redirect.path: %w", err)
	}
	return &redirect{scheme: r.Scheme, hostname: r.Hostname, port: r.Port, path: path, status: status}, nil
}

func newRewrite(r config.Rewrite) (*rewrite, error) {
	if r.Hostname != "" && !safeHost(r.Hostname) {
		return nil, fmt.Errorf("rewrite.hostname %q is not a hostname", r.Hostname)
	}
	path, err := newPathModifier(r.Path)
	if err != nil {
		return nil, fmt.Errorf("rewrite.path: %w", err)
	}
	return &rewrite{hostname: r.Hostname, path: path}, nil
}
