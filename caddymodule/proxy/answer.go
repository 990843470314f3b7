// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"maps"
	"net/http"
	"strconv"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/errorpage"
	"github.com/kubera-dev/kubera/caddymodule/filter"
)

// statusClientClosed is logged where the client went away first.
const statusClientClosed = 499

// refuse answers by ourselves, in the form of the Gateway, or as gRPC does it. The
// detail is for the client.
func (x *exchange) refuse(status int, detail string) {
	x.status, x.detail = status, detail
	format := config.ErrorEmpty
	if x.listener != nil {
		format = x.listener.gateway.errors
	}
	x.dress(x.w.Header())
	// Whoever is to use another connection is told so by HTTP.
	if x.grpc && status != http.StatusMisdirectedRequest {
		x.refuseCall(status, detail)
		return
	}
	errorpage.Write(&countingWriter{x.w, &x.sent}, x.r, format, status, detail)
}

// answer gives the answer of a filter.
func (x *exchange) answer(a *filter.Answer) {
	if a.Error {
		x.refuse(a.Status, "")
		return
	}
	x.status = a.Status
	h := x.w.Header()
	maps.Copy(h, a.Header)
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // else net/http guesses one
	}
	h["Content-Length"] = []string{strconv.Itoa(len(a.Body))}
	if a.Status == http.StatusNoContent || a.Status == http.StatusNotModified {
		delete(h, "Content-Length")
	}
	x.dress(h)
	x.w.WriteHeader(a.Status)
	if x.r.Method != http.MethodHead && len(a.Body) > 0 {
		n, _ := x.w.Write(a.Body)
		x.sent = int64(n)
	}
}

// dress changes the header of a response, whoever gave it, as the filters of the
// rule and of the chosen backend say.
func (x *exchange) dress(h http.Header) {
	if x.listener != nil && x.listener.altSvc != nil && x.r.ProtoMajor < 3 {
		h["Alt-Svc"] = x.listener.altSvc
	}
	if x.share != nil {
		x.share.filters.Response(h)
	}
	if x.rule != nil {
		x.rule.filters.Response(h)
	}
	x.filtering.Respond(h)
	if x.engine.draining.Load() && x.r.ProtoMajor < 3 { // HTTP/3 has no such field
		h["Connection"] = connectionClose
	}
}

var connectionClose = []string{"close"}

// countingWriter counts the bytes of a body.
type countingWriter struct {
	http.ResponseWriter
	n *int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	*w.n += int64(n)
	return n, err
}
