// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"net/http"
	"slices"

	"golang.org/x/net/http/httpguts"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// headerModifier is a config.HeaderModifier with canonical names.
type headerModifier struct {
	set    []config.Header
	add    []config.Header
	remove []string
}

func newHeaderModifier(m config.HeaderModifier) headerModifier {
	var c headerModifier
	c.set = usable(m.Set)
	c.add = usable(m.Add)
	for _, name := range m.Remove {
		if name = http.CanonicalHeaderKey(name); !owned(name) {
			c.remove = append(c.remove, name)
		}
	}
	return c
}

// usable leaves out what must not be sent: fields that are the proxy's own, and
// values that would end the field, which config.Validate refuses.
func usable(fields []config.Header) []config.Header {
	list := make([]config.Header, 0, len(fields))
	for _, f := range fields {
		f.Name = http.CanonicalHeaderKey(f.Name)
		if !owned(f.Name) && httpguts.ValidHeaderFieldName(f.Name) && httpguts.ValidHeaderFieldValue(f.Value) {
			list = append(list, f)
		}
	}
	return list
}

// owned says which fields are the proxy's: those of one connection (RFC 9110,
// section 7.6.1) and those that frame a message.
func owned(canonical string) bool {
	switch canonical {
	case "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Te",
		"Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// apply gives every field set its own slice, out of one allocation, since later
// stages append to the values of a field in place.
func (m *headerModifier) apply(h http.Header) {
	if len(m.set) > 0 {
		values := make([]string, len(m.set))
		for i, f := range m.set {
			values[i] = f.Value
			h[f.Name] = values[i : i+1 : i+1]
		}
	}
	for _, f := range m.add {
		h[f.Name] = append(h[f.Name], f.Value)
	}
	for _, name := range m.remove {
		delete(h, name)
	}
}

// requestHeaders modifies the header of a request. net/http keeps Host apart, so
// it is taken out of the lists.
type requestHeaders struct {
	headerModifier
	host string
}

func newRequestHeaders(m config.HeaderModifier) *requestHeaders {
	r := &requestHeaders{headerModifier: newHeaderModifier(m)}
	isHost := func(f config.Header) bool { return f.Name == "Host" }
	if i := slices.IndexFunc(r.set, isHost); i >= 0 && safeAuthority(r.set[i].Value) {
		r.host = r.set[i].Value
	}
	r.set = slices.DeleteFunc(r.set, isHost)
	r.add = slices.DeleteFunc(r.add, isHost)
	r.remove = slices.DeleteFunc(r.remove, func(name string) bool { return name == "Host" })
	return r
}

func (r *requestHeaders) apply(ctx *Context) *Answer {
	if r.host != "" {
		ctx.Request.Host = r.host
	}
	r.headerModifier.apply(ctx.Request.Header)
	return nil
}
