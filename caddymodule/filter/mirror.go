// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"net/http"
	"net/url"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/spread"
)

// Copy is a request as a mirror has found it, to be sent to another backend, too.
type Copy struct {
	// Backend is the ID of a backend.
	Backend string
	Host    string
	URL     url.URL
	// Header is nobody else's.
	Header http.Header
}

// mirror asks for copies of its share of the requests (HTTPRequestMirrorFilter).
type mirror struct {
	backend string
	// spread chooses 0 for requests to copy. Nil: all of them.
	spread *spread.Spread
}

func newMirror(m config.Mirror) *mirror {
	f := &mirror{backend: m.Backend}
	if m.Denominator > 0 {
		f.spread = spread.New([]int32{m.Numerator, m.Denominator - m.Numerator})
	}
	return f
}

func (m *mirror) apply(ctx *Context) *Answer {
	if m.spread == nil || m.spread.Pick() == 0 {
		r := ctx.Request
		ctx.Copies = append(ctx.Copies, Copy{Backend: m.backend, Host: r.Host, URL: *r.URL, Header: r.Header.Clone()})
	}
	return nil
}
