// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// forward sends the request to the chosen backend and its response to the client.
func (x *exchange) forward() {
	if !x.prepare() {
		return
	}
	x.sendCopies()
	defer x.tee.Close()
	resp, err := x.share.backend.via(x.listener.gateway).Do(&x.request)
	if err != nil {
		x.fail(err)
		return
	}
	x.endpoint = resp.Endpoint
	if resp.Status == http.StatusSwitchingProtocols {
		x.upgrade(resp)
	} else {
		x.respond(resp)
	}
	resp.Close()
	x.leaveBody()
}

// prepare makes the request for the backend. It returns false if it has answered.
func (x *exchange) prepare() bool {
	r, q := x.r, &x.request
	q.Context, q.Method, q.Host, q.Header = r.Context(), r.Method, r.Host, r.Header
	q.Target = x.outgoingTarget(r.URL)
	q.ResponseHeader = x.w.Header()
	if r.ProtoAtLeast(1, 1) {
		q.Interim = x.interim // HTTP/1.0 knows none (RFC 9110, 15.2)
	}
	q.TryTimeout, q.Retry = x.rule.tryTimeout, x.rule.retry
	if x.span.Recording() {
		q.Tries = x
	}
	if x.rule.requestTimeout > 0 {
		x.deadline = x.begin.Add(x.rule.requestTimeout)
	}
	if x.grpc {
		x.prepareCall()
	}
	q.Deadline = x.deadline
	return x.prepareBody()
}

// prepareBody returns false if the body is too long to begin with.
func (x *exchange) prepareBody() bool {
	r, q := x.r, &x.request
	if r.Body == nil || r.Body == http.NoBody {
		return true
	}
	x.body = clientBody{src: r.Body, left: math.MaxInt64}
	q.Body, q.ContentLength, q.InterruptBody = &x.body, r.ContentLength, x.interrupt
	q.Trailer = &r.Trailer
	if limit := x.listener.gateway.maxBody; limit > 0 {
		if r.ContentLength > limit {
			x.leaveBody()
			x.refuse(http.StatusRequestEntityTooLarge, "the request body is too large")
			return false
		}
		x.body.left = limit
	}
	control := http.NewResponseController(x.w)
	if !x.deadline.IsZero() {
		_ = control.SetReadDeadline(x.deadline)
	}
	if r.ProtoMajor == 1 {
		// Else net/http would read the body away before it writes a header.
		_ = control.EnableFullDuplex()
	}
	return true
}

// respond writes the response as it comes: whenever nothing more is here yet,
// what was written is flushed.
func (x *exchange) respond(resp *upstream.Response) {
	h := resp.Header
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // else net/http guesses one
	}
	if _, ok := h["Trailer"]; ok && x.r.ProtoMajor == 1 {
		delete(h, "Content-Length") // in HTTP/1.1 only chunks have trailers
	}
	x.dress(h)
	if !x.deadline.IsZero() {
		control := http.NewResponseController(x.w)
		_ = control.SetWriteDeadline(x.writeDeadline())
		defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	}
	x.status = resp.Status
	x.w.WriteHeader(resp.Status)
	if err := x.copyBody(resp); err != nil {
		_ = flush(x.w) // what there is, before the end that is none
		x.err = err
		x.cut = !x.endCall(h, err)
		return
	}
	trailer := resp.Trailer()
	if x.grpc {
		x.noteStatus(h, trailer)
	}
	x.copyTrailer(h, trailer)
}

func (x *exchange) copyBody(resp *upstream.Response) error {
	for {
		if !resp.Ready() {
			if err := flush(x.w); err != nil {
				return err
			}
		}
		piece, err := resp.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		n, err := x.w.Write(piece)
		x.sent += int64(n)
		if err != nil {
			return err
		}
	}
}

func flush(w http.ResponseWriter) error {
	if f, ok := w.(interface{ FlushError() error }); ok {
		return f.FlushError()
	}
	return http.NewResponseController(w).Flush()
}

// copyTrailer hands the trailers to net/http. Those that were not announced only
// go out in a response of unknown length, which flushing makes of a short one.
func (x *exchange) copyTrailer(h, trailer http.Header) {
	if len(trailer) == 0 {
		return
	}
	_ = flush(x.w)
	for name, values := range trailer {
		delete(h, name) // the field of the header, if it was announced
		h[http.TrailerPrefix+name] = values
	}
}

// writeInterim sends a 1xx response on.
func (x *exchange) writeInterim(status int) { x.w.WriteHeader(status) }

// fail answers for a backend that gave no response.
func (x *exchange) fail(err error) {
	x.leaveBody()
	x.err = err
	status, detail := http.StatusBadGateway, "the backend gave no valid response"
	if e, ok := errors.AsType[*upstream.Error](err); ok {
		switch e.Kind {
		case upstream.NoEndpoints:
			status, detail = http.StatusServiceUnavailable, "the backend has no endpoints"
		case upstream.ConnectFailed:
			detail = "the backend can't be reached"
		case upstream.Timeout:
			status, detail = http.StatusGatewayTimeout, "the backend did not answer in time"
		case upstream.Canceled:
			x.cut = true // there is nobody to answer
			return
		case upstream.RequestBody:
			status, detail = http.StatusBadRequest, "the request body could not be read"
			if errors.Is(err, errBodyTooLarge) {
				status, detail = http.StatusRequestEntityTooLarge, "the request body is too large"
			}
		}
	}
	x.refuse(status, detail)
}
