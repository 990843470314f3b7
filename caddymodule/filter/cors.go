// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// The header fields of CORS, as net/http spells them.
const (
	headerOrigin           = "Origin"
	headerRequestMethod    = "Access-Control-Request-Method"
	headerRequestHeaders   = "Access-Control-Request-Headers"
	headerAllowOrigin      = "Access-Control-Allow-Origin"
	headerAllowCredentials = "Access-Control-Allow-Credentials"
	headerAllowMethods     = "Access-Control-Allow-Methods"
	headerAllowHeaders     = "Access-Control-Allow-Headers"
	headerExposeHeaders    = "Access-Control-Expose-Headers"
	headerMaxAge           = "Access-Control-Max-Age"
)

// defaultMaxAge is that of the Gateway API, in seconds.
const defaultMaxAge = 5

var (
	everything = []string{"*"}
	yes        = []string{"true"}
	// variesOn is what the answers to preflights depend on.
	variesOn = []string{strings.Join([]string{headerOrigin, headerRequestMethod, headerRequestHeaders}, ", ")}
)

// cors answers preflights, and dresses the responses to other requests
// (HTTPCORSFilter). What it decides depends on the request alone.
type cors struct {
	origins     []config.OriginPattern
	credentials bool
	// public: the responses are for every origin, and the same for all of them.
	public  bool
	methods names
	headers names
	expose  names
	maxAge  []string
}

// names is a list for a header field, or all there are.
type names struct {
	all   bool
	field []string // nil if there are none
}

func newNames(list []string) names {
	switch {
	case slices.Contains(list, "*"):
		return names{all: true}
	case len(list) == 0:
		return names{}
	}
	return names{field: []string{strings.Join(list, ", ")}}
}

func newCORS(spec config.CORS) (*cors, error) {
	c := &cors{
		credentials: spec.AllowCredentials,
		methods:     newNames(spec.AllowMethods), headers: newNames(spec.AllowHeaders), expose: newNames(spec.ExposeHeaders),
		maxAge: []string{strconv.Itoa(int(cmp.Or(spec.MaxAge, defaultMaxAge)))},
	}
	for _, pattern := range spec.AllowOrigins {
		p, err := config.ParseOriginPattern(pattern)
		if err != nil {
			return nil, err
		}
		c.origins = append(c.origins, p)
		c.public = c.public || p.All() && !spec.AllowCredentials
	}
	return c, nil
}

// Preflight returns the method of the request that a preflight asks about, and false
// for any other request (Fetch standard, CORS-preflight request).
func Preflight(r *http.Request) (method string, ok bool) {
	if r.Method != http.MethodOptions || len(r.Header[headerOrigin]) != 1 {
		return "", false
	}
	asked := r.Header[headerRequestMethod]
	if len(asked) != 1 || !httpguts.ValidHeaderFieldName(asked[0]) {
		return "", false
	}
	return asked[0], true
}

func (c *cors) apply(ctx *Context) *Answer {
	h := ctx.Request.Header
	allowed := c.allowed(h[headerOrigin])
	if method, ok := Preflight(ctx.Request); ok {
		return &Answer{Status: http.StatusNoContent, Header: c.preflight(allowed, method, h[headerRequestHeaders])}
	}
	ctx.cors, ctx.allowed = c, allowed
	return nil
}

// allowed is the Access-Control-Allow-Origin for a request with these Origins, nil
// if it is not allowed.
func (c *cors) allowed(values []string) []string {
	if c.public {
		return everything
	}
	if len(values) != 1 {
		return nil
	}
	o, known := config.ParseOrigin(values[0])
	for _, p := range c.origins {
		if known && p.Covers(o) || p.All() && isOne(values[0]) {
			return []string{values[0]}
		}
	}
	return nil
}

// isOne says whether the value of an Origin field names one origin, of whatever
// scheme, or "null".
func isOne(value string) bool { return value != "" && !strings.ContainsAny(value, "* ,\t") }

// preflight is the header of an answer. Wildcards that stand for whatever is asked
// for are not sent: with credentials they would mean nothing to browsers, and
// without them they would not mean Authorization.
func (c *cors) preflight(allowed []string, method string, headers []string) http.Header {
	h := http.Header{"Vary": variesOn}
	if allowed == nil {
		return h
	}
	c.permit(h, allowed)
	h[headerMaxAge] = c.maxAge
	switch {
	case c.methods.all:
		if echo := tokens([]string{method}); echo != "" {
			h[headerAllowMethods] = []string{echo}
		}
	case c.methods.field != nil:
		h[headerAllowMethods] = c.methods.field
	}
	switch {
	case c.headers.all:
		if asked := tokens(headers); asked != "" {
			h[headerAllowHeaders] = []string{asked}
		}
	case c.headers.field != nil:
		h[headerAllowHeaders] = c.headers.field
	}
	return h
}

// permit adds what preflights and other requests have in common.
func (c *cors) permit(h http.Header, allowed []string) {
	h[headerAllowOrigin] = allowed
	if c.credentials {
		h[headerAllowCredentials] = yes
	}
	switch {
	case c.expose.all && !c.credentials:
		h[headerExposeHeaders] = everything
	case c.expose.field != nil:
		h[headerExposeHeaders] = c.expose.field
	}
}

// respond puts what the filter says in place of what the backend says. Responses
// that are not the same for all origins say so to caches, whether this one was asked
// for by a page or not.
func (c *cors) respond(h http.Header, allowed []string) {
	for _, name := range [...]string{
		headerAllowOrigin, headerAllowCredentials, headerAllowMethods, headerAllowHeaders, headerExposeHeaders, headerMaxAge,
	} {
		delete(h, name)
	}
	if !c.public {
		addVary(h)
	}
	if allowed == nil {
		return
	}
	if c.expose.all && c.credentials {
		// "the gateway cannot use the `*`" (HTTPCORSFilter.exposeHeaders)
		if present := exposable(h); present != "" {
			h[headerExposeHeaders] = []string{present}
		}
	}
	c.permit(h, allowed)
}

func addVary(h http.Header) {
	for _, value := range h["Vary"] {
		for token := range strings.SplitSeq(value, ",") {
			if token = strings.TrimSpace(token); token == "*" || strings.EqualFold(token, headerOrigin) {
				return
			}
		}
	}
	h["Vary"] = append(h["Vary"], headerOrigin)
}

// exposable lists the fields that pages may only see if they are exposed.
func exposable(h http.Header) string {
	list := make([]string, 0, len(h))
	for name, values := range h {
		switch name {
		case "Cache-Control", "Content-Language", "Content-Length", "Content-Type", "Expires", "Last-Modified", "Pragma":
			// CORS-safelisted.
		case "Set-Cookie", "Set-Cookie2":
			// Never seen by pages.
		default:
			if len(values) > 0 {
				list = append(list, name)
			}
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// tokens joins the tokens of list fields, and leaves out what is none, and what would
// be a wildcard.
func tokens(fields []string) string {
	var list []string
	for _, field := range fields {
		for token := range strings.SplitSeq(field, ",") {
			if token = strings.TrimSpace(token); token != "*" && httpguts.ValidHeaderFieldName(token) {
				list = append(list, token)
			}
		}
	}
	return strings.Join(list, ", ")
}
