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

// clientBody reads the body of a request. A longer one than is allowed is an error.
type clientBody struct {
	src   io.Reader
	left  int64 // that may come
	ended bool  // it was read to its end
}

// Read implements io.Reader.
func (b *clientBody) Read(p []byte) (int, error) {
	if int64(len(p))-1 > b.left {
		p = p[:b.left+1]
	}
	n, err := b.src.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, errBodyTooLarge
	}
	b.ended = err == io.EOF
	return n, err
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// interruptBody makes reading the request body fail, now and later.
func (x *exchange) interruptBody() {
	_ = http.NewResponseController(x.w).SetReadDeadline(longAgo)
}

// leaveBody is called when the request body is not read any more. If it was not
// read to its end, an HTTP/1.1 connection can't be used again: for net/http a body
// on which a Read has failed counts as read, and what is left of it would be
// taken for the next request. A body that exceeds the bound of a MaxBytesReader
// is how to tell it to close the connection, lingering so that the client sees the
// response.
func (x *exchange) leaveBody() {
	if x.body.src == nil || x.body.ended || x.r.ProtoMajor != 1 {
		return
	}
	x.body.src = nil
	tooLong := io.NopCloser(strings.NewReader("x"))
	_, _ = http.MaxBytesReader(x.w, tooLong, 0).Read(make([]byte, 1))
}
