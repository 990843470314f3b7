// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import "net/http"

// Response is the beginning of a response, whose body is read from it piece by
// piece. It must be closed, and not be used afterwards. Not safe for concurrent
// use.
type Response struct {
	Status int
	// Header is Request.ResponseHeader: end-to-end fields, and Trailer if
	// trailers are announced.
	Header http.Header
	// Endpoint is the address of the endpoint that answered.
	Endpoint string
	// Upgrade is the protocol switched to, where Status is 101; see Tunnel.
	Upgrade string

	body    body
	retried bool // not passed on
	tries   Tries
}

// body is what the two protocols do differently.
type body interface {
	Next() ([]byte, error)
	Ready() bool
	Trailer() http.Header
	Close()
}

// Next returns the next piece of the body, which is valid until the next call
// of a method, or io.EOF, or an *Error if the response is cut.
func (r *Response) Next() ([]byte, error) { return r.body.Next() }

// Ready reports whether Next returns at once. If not, what was written on so far
// should be flushed.
func (r *Response) Ready() bool { return r.body.Ready() }

// Trailer returns the trailers, after Next has returned io.EOF.
func (r *Response) Trailer() http.Header { return r.body.Trailer() }

// Close ends the exchange, also before the body has ended, and waits until
// Request.Body is not read any more.
func (r *Response) Close() {
	tries, status := r.tries, r.Status // the next exchange may have r as soon as this one is over
	r.body.Close()
	if tries != nil {
		tries.EndTry(status, nil)
	}
}
