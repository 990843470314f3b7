// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package http3server

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// settleBody finds out whether a request has a body where neither its header nor its
// method says so: in HTTP/3 the end of a stream comes by itself. A body that might be
// there would have to be sent on as one. It returns false if the client is gone.
func settleBody(r *http.Request) bool {
	if r.ContentLength == 0 {
		r.Body = http.NoBody
		return true
	}
	if r.ContentLength > 0 || r.Body == nil || !bodyless(r.Method) {
		return true
	}
	var first [1]byte
	n, err := io.ReadFull(r.Body, first[:])
	switch {
	case errors.Is(err, io.EOF):
		r.Body, r.ContentLength = http.NoBody, 0
	case err != nil:
		return false
	default:
		r.Body = &begunBody{Reader: io.MultiReader(bytes.NewReader(first[:n]), r.Body), Closer: r.Body}
	}
	return true
}

// begunBody is a body of which something was read.
type begunBody struct {
	io.Reader
	io.Closer
}

// bodyless are the methods of requests that have no body as a rule: those of others are
// not waited for.
func bodyless(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodDelete, http.MethodTrace:
		return true
	}
	return false
}
