// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/net/http2"

	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// Kind says what became of a request that got no response, or a part of one.
type Kind int

// The kinds of errors.
const (
	// NoEndpoints: the backend has none.
	NoEndpoints Kind = iota + 1
	// ConnectFailed: no connection could be made to the endpoints tried.
	ConnectFailed
	// Timeout: the deadline of the request or of the try has passed.
	Timeout
	// Canceled: the client is gone.
	Canceled
	// RequestBody: the body of the request could not be read. Err is the error of
	// the reader.
	RequestBody
	// BadResponse: the endpoint closed the connection early, or sent something
	// that is not a response.
	BadResponse
)

// String returns the words used in logs.
func (k Kind) String() string {
	switch k {
	case NoEndpoints:
		return "no endpoints"
	case ConnectFailed:
		return "connect failed"
	case Timeout:
		return "timeout"
	case Canceled:
		return "canceled"
	case RequestBody:
		return "request body"
	case BadResponse:
		return "bad response"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Error is the error of a request. All errors of Backend.Do and Response.Next
// are of this type.
type Error struct {
	Kind Kind
	// Endpoint is the address tried last, empty if there was none.
	Endpoint string
	Err      error

	reach reach
}

// reach is how far a request has got before it failed.
type reach int

const (
	// answered: something of a response has come, or who knows.
	answered reach = iota
	// sent: the endpoint may have got it, and has not answered.
	sent
	// unsent: the endpoint can't have got anything of it.
	unsent
)

// Reset is the code by which the endpoint has reset the stream of HTTP/2, or by which
// one was reset that broke the protocol.
func (e *Error) Reset() (http2.ErrCode, bool) {
	var reset http2.StreamError
	if !errors.As(e.Err, &reset) {
		return 0, false
	}
	return reset.Code, true
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Kind.String()
	if e.Endpoint != "" {
		text = e.Endpoint + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// What a response can be wrong about.
var (
	errStale          = errors.New("the endpoint has closed the idle connection, or sent something on it")
	errHeadTooLarge   = errors.New("response header is too large")
	errMalformedHead  = errors.New("malformed response header")
	errObsFold        = errors.New("folded response header field")
	errFraming        = errors.New("ambiguous length of the response")
	errMalformedChunk = errors.New("malformed chunked body")
	errInterim        = errors.New("too many interim responses")
	errUnasked        = errors.New("switched protocols without being asked to, or to another one")
	errStopping       = errors.New("the proxy is about to stop")
	errBodyTooLong    = errors.New("request body is longer than its Content-Length")
)

// asError finds the Error in err, or nil. Calling errors.As where there is no
// error would cost an allocation.
func asError(err error) *Error {
	var own *Error
	errors.As(err, &own)
	return own
}

// outcome is what the metrics say of a try: a response that was not read to its
// end without an error was given up because the client left.
func outcome(complete bool, failed Kind) metrics.Outcome {
	switch {
	case complete:
		return metrics.OK
	case failed == Timeout:
		return metrics.Timeout
	case failed == 0, failed == Canceled, failed == RequestBody:
		return metrics.Canceled
	}
	return metrics.Error
}

// outcome of a response that was closed.
func (r *Response) outcome(complete bool, failed Kind) metrics.Outcome {
	if r.retried {
		return metrics.Retried
	}
	return outcome(complete, failed)
}

// classify tells what err, met while talking to an endpoint, means. A deadline
// that was moved because the client left is no timeout; but net/http also cancels
// a request when the deadline for reading its body has passed.
func classify(q *Request, endpoint string, kind Kind, err error) *Error {
	if own := asError(err); own != nil {
		return own
	}
	switch cause := q.Context.Err(); {
	case !q.Deadline.IsZero() && !time.Now().Before(q.Deadline), errors.Is(cause, context.DeadlineExceeded):
		kind = Timeout
	case cause != nil:
		kind = Canceled
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		kind = Timeout
	}
	return &Error{Kind: kind, Endpoint: endpoint, Err: err}
}
