// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// errBodyTooLarge: the request body is longer than the Gateway allows.
var errBodyTooLarge = errors.New("request body is too large")

// limitedBody reads at most so many bytes; a longer body is an error.
type limitedBody struct {
	src  io.Reader
	left int64
}

// Read implements io.Reader.
func (b *limitedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.src.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, errBodyTooLarge
	}
	return n, err
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// interruptBody makes reading the request body fail, now and later.
func (x *exchange) interruptBody() {
	x.interrupted = true
	_ = http.NewResponseController(x.w).SetReadDeadline(longAgo)
}

// leaveBody is called when the exchange has ended without the request body having
// been read to its end. For net/http a body on which a Read has failed counts as
// read, and what is left of it on an HTTP/1.1 connection would be taken for the
// next request: a body that exceeds the bound of a MaxBytesReader is how to tell
// it to close the connection, lingering so that the client sees the response.
func (x *exchange) leaveBody() {
	if !x.interrupted || x.r.ProtoMajor != 1 {
		return
	}
	tooLong := io.NopCloser(strings.NewReader("x"))
	_, _ = http.MaxBytesReader(x.w, tooLong, 0).Read(make([]byte, 1))
}
