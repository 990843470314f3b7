// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/filter"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/mirror"
	"github.com/kubera-dev/kubera/caddymodule/router"
	"github.com/kubera-dev/kubera/caddymodule/tracing"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// exchange is a request on its way, and all that is allocated for it.
type exchange struct {
	engine *Engine
	w      http.ResponseWriter
	r      *http.Request
	begin  time.Time
	grpc   bool // it is a call of gRPC

	metrics  *metrics.Route
	listener *listener // nil if none
	rule     *rule     // nil if none
	share    *share    // nil if none
	lookup   router.Request
	// target is the request target of the client, to be sent on as it is unless
	// a filter changes the URL; empty if it is to be made from the URL anyway.
	target   string
	original originalURL

	filtering filter.Context
	request   upstream.Request
	body      clientBody
	tee       *mirror.Tee // nil unless the body is copied
	deadline  time.Time

	status   int   // of the response, 0 if none was begun
	sent     int64 // bytes of the response's body
	err      error // why we answered by ourselves, or cut the response
	detail   string
	endpoint string
	entry    accesslog.Entry
	span     tracing.Span
	cut      bool // the response is incomplete and must not look complete

	// Method values, made once.
	interrupt func()
	interim   func(status int)
}

// originalURL is what filters may change.
type originalURL struct{ path, rawPath, rawQuery string }

var exchanges = sync.Pool{New: func() any {
	x := &exchange{}
	x.interrupt, x.interim = x.interruptBody, x.writeInterim
	return x
}}

func newExchange(e *Engine, w http.ResponseWriter, r *http.Request) *exchange {
	x := exchanges.Get().(*exchange)
	x.engine, x.w, x.r, x.begin, x.grpc = e, w, r, time.Now(), isCall(r)
	return x
}

// release gives the exchange back, with no reference into the request left.
func (x *exchange) release() {
	x.lookup.Reset()
	*x = exchange{lookup: x.lookup, interrupt: x.interrupt, interim: x.interim}
	exchanges.Put(x)
}

// normalizePath makes the path of the URL the one to match, and decides what is
// sent on. It returns false for a path that leads above the root.
func (x *exchange) normalizePath() (string, bool) {
	u := x.r.URL
	if u.Path == "" && u.Host != "" {
		u.Path = "/" // http://a.example (RFC 9110, 4.2.3)
	}
	clean, dots, ok := cleanPath(u.Path)
	if !ok {
		return "", false
	}
	if target := x.r.RequestURI; target != "" && target[0] == '/' && !dots && !strings.Contains(target, "#") {
		x.target = target
	}
	if len(clean) != len(u.Path) {
		u.Path, u.RawPath = clean, ""
	}
	x.original = originalURL{u.Path, u.RawPath, u.RawQuery}
	return clean, true
}

// outgoingTarget is the request target for a backend, if filters have made the URL
// this one.
func (x *exchange) outgoingTarget(u *url.URL) string {
	if x.target != "" && x.original == (originalURL{u.Path, u.RawPath, u.RawQuery}) {
		return x.target
	}
	target := u.EscapedPath()
	if u.RawQuery != "" || u.ForceQuery {
		target += "?" + u.RawQuery
	}
	return target
}
