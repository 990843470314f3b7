// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Request is what is to be sent. The caller keeps it, unchanged, until the
// Response is closed or Do has returned an error.
type Request struct {
	// Context ends the exchange when it is done.
	Context context.Context
	Method  string
	// Target is the request target in origin form, "/a?b=c", or "*".
	Target string
	// Host is the Host header.
	Host string
	// Header holds valid end-to-end fields with canonical names: nothing that
	// StripHopByHop removes but "Te: trailers", no Host, no Content-Length.
	Header http.Header
	// Upgrade names the protocol to switch to, if that is asked for. For HTTP/1.1
	// backends only.
	Upgrade string

	// Body is nil if there is none. It is read by another goroutine, but never
	// after the Response was closed or Do has failed, and not closed.
	Body io.Reader
	// ContentLength is the length of Body, -1 if that is not known.
	ContentLength int64
	// Trailer is what http.Request.Trailer is: its keys are announced, and its
	// values are there once Body has been read to its end.
	Trailer *http.Header
	// InterruptBody makes a Read of Body that is under way return soon, and all
	// later ones at once. Must be set if Body is.
	InterruptBody func()

	// Deadline bounds everything; zero for none.
	Deadline time.Time
	// TryTimeout bounds the exchange with one endpoint; 0 for none.
	TryTimeout time.Duration

	// TellTimeout, if set, writes into Header how long the response is waited for,
	// whenever that is bounded: just before the request is sent, each time. Header is
	// another one when it is sent again.
	TellTimeout func(h http.Header, left time.Duration)

	// Tries, if set, is told of each try.
	Tries Tries

	// Retry says when the request is sent again. Nil: never, but to another endpoint
	// where no connection could be made.
	Retry *config.Retry

	// ResponseHeader takes the header of the response. Must be empty.
	ResponseHeader http.Header
	// Interim, if set, is called for each 1xx response other than 100 and 101,
	// with its fields in ResponseHeader, which is emptied afterwards.
	Interim func(status int)

	// inline is the whole body, read beforehand. Being here it can be sent twice.
	inline []byte
	// streams is true for a body that is uploaded while the response may arrive.
	streams bool
	// passed is true once something of a response was handed to Interim.
	passed bool
	// tried is true once there was a try.
	tried bool
}

// Tries is told of the tries of a request: of one after the other, by the goroutine that
// has called Do, or closes the Response.
type Tries interface {
	// BeginTry is called before the request is sent to the endpoint with an address. It
	// may set fields of Request.Header, which is another one after the first try.
	BeginTry(endpoint string)
	// EndTry is called when that is over: with the status of a response that was closed,
	// or with 0 and the error, an *Error.
	EndTry(status int, err error)
}

// beginTry tells who wants to know, or write into the header.
func (q *Request) beginTry(endpoint string) {
	if q.tried && (q.Tries != nil || q.TellTimeout != nil) {
		q.Header = maps.Clone(q.Header) // over HTTP/2, the try that has failed may still read from it
	}
	q.tried = true
	if q.Tries != nil {
		q.Tries.BeginTry(endpoint)
	}
	if q.TellTimeout != nil {
		q.tellTimeout()
	}
}

func (q *Request) endTry(err error) {
	if q.Tries != nil {
		q.Tries.EndTry(0, err)
	}
}

// maxInline bounds the bodies that are read before the request is sent: such a
// body takes no goroutine, goes out in the same segment as the header, and can
// be sent again.
const maxInline = 8 << 10

// prepare reads a small body of known length.
func (q *Request) prepare(buf *[maxInline]byte) error {
	q.inline, q.streams, q.passed, q.tried = nil, false, false, false
	if q.Body == nil || q.ContentLength == 0 {
		return nil
	}
	if q.ContentLength < 0 || q.ContentLength > maxInline || q.expectsContinue() || q.Upgrade != "" {
		q.streams = true
		return nil
	}
	q.inline = buf[:q.ContentLength]
	_, err := io.ReadFull(q.Body, q.inline)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// replayable reports whether the request may be sent again although an endpoint
// may have got it.
func (q *Request) replayable() bool { return !q.streams && idempotent(q.Method) }

func (q *Request) expectsContinue() bool {
	v, ok := q.Header["Expect"]
	return ok && len(v) == 1 && hasToken(v[0], "100-continue")
}

// idempotent methods (RFC 9110, 9.2.2) may be repeated.
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// appendHead appends the header of the request as HTTP/1.1.
func (q *Request) appendHead(dst []byte) []byte {
	dst = append(dst, q.Method...)
	dst = append(dst, ' ')
	dst = append(dst, q.Target...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, q.Host...)
	dst = append(dst, "\r\n"...)
	for name, values := range q.Header {
		for _, v := range values {
			dst = append(dst, name...)
			dst = append(dst, ": "...)
			dst = append(dst, v...)
			dst = append(dst, "\r\n"...)
		}
	}
	if q.Upgrade != "" {
		dst = append(dst, "Connection: Upgrade\r\nUpgrade: "...)
		dst = append(dst, q.Upgrade...)
		dst = append(dst, "\r\n"...)
	}
	return append(q.appendFraming(dst), "\r\n"...)
}

// appendFraming says how long the body is.
func (q *Request) appendFraming(dst []byte) []byte {
	switch {
	case q.chunked():
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
		if q.Trailer != nil && len(*q.Trailer) > 0 {
			separator := "Trailer: "
			for name := range *q.Trailer {
				dst = append(append(dst, separator...), name...)
				separator = ", "
			}
			dst = append(dst, "\r\n"...)
		}
	case q.Body != nil && q.ContentLength > 0, q.ContentLength == 0 && methodWithBody(q.Method):
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, q.ContentLength, 10)
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// chunked reports whether the body goes out in the chunked transfer coding.
func (q *Request) chunked() bool { return q.streams && q.ContentLength < 0 }

// methodWithBody tells the methods that anticipate a body, whose absence is said
// with Content-Length: 0 (RFC 9110, 8.6).
func methodWithBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}
