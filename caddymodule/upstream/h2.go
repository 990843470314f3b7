// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// h2Client speaks HTTP/2 to one endpoint: with prior knowledge, or over TLS. Having
// a Transport of its own lets an endpoint that leaves take its connections with it.
//
// It sends no pings: gRPC servers take one every few seconds for an attack and end
// the connection with all its streams (ENHANCE_YOUR_CALM). A host that is gone is
// noticed by TCP, see dialer.
type h2Client struct {
	endpoint  *Endpoint
	transport *http.Transport
	conns     atomic.Int64 // the connections, and those that are being made
	retiring  atomic.Bool  // retire will be called again
}

func newH2Client(e *Endpoint) *h2Client {
	c := &h2Client{endpoint: e}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(e.tls == nil)
	protocols.SetHTTP2(e.tls != nil)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		c.conns.Add(1)
		defer c.conns.Add(-1)
		nc, err := e.dial(ctx)
		if err != nil {
			return nil, &connectError{err}
		}
		return nc, nil
	}
	c.transport = &http.Transport{
		Protocols:          protocols,
		DisableCompression: true,
		IdleConnTimeout:    maxIdleAge,
		// Without this the body of a request that expects 100 is sent at once.
		ExpectContinueTimeout: continueWait,
		DialContext:           dial,
		DialTLSContext:        dial,
	}
	return c
}

// countedConn counts when it is closed, which the Transport does without a word.
type countedConn struct {
	net.Conn
	client *h2Client
	once   sync.Once
}

// counted is the connection, which counts from now on.
func (c *h2Client) counted(nc net.Conn) net.Conn {
	c.conns.Add(1)
	return &countedConn{Conn: nc, client: c}
}

func (c *countedConn) Close() error {
	c.once.Do(func() {
		c.client.conns.Add(-1)
		c.client.endpoint.metrics.Closed()
	})
	return c.Conn.Close()
}

// connectError marks an error of the dialer as it comes back through the
// Transport.
type connectError struct{ error }

func (e *connectError) Unwrap() error { return e.error }

// retireInterval is how soon a retired endpoint's connection is closed after its
// last stream.
const retireInterval = 250 * time.Millisecond

// retire closes the connections without streams, now and again until there are no
// others: the Transport gives up the stream of a request that has failed, and makes
// the connection for one that is gone, in its own time.
func (c *h2Client) retire() {
	c.transport.CloseIdleConnections()
	if c.conns.Load() > 0 && c.retiring.CompareAndSwap(false, true) {
		time.AfterFunc(retireInterval, func() {
			c.retiring.Store(false)
			c.retire()
		})
	}
}

// exchangeEnded has the connections of a retired endpoint closed, among them those
// of requests that began after its retirement.
func (c *h2Client) exchangeEnded() {
	c.endpoint.mu.Lock()
	retired := c.endpoint.retired
	c.endpoint.mu.Unlock()
	if retired {
		c.retire()
	}
}

// h2Exchange is a response that is being read.
type h2Exchange struct {
	client   *h2Client
	request  *Request
	response *http.Response
	resp     Response
	cancel   context.CancelFunc
	body     *h2Body
	buf      *[bigBuffer]byte
	ended    bool
	failed   Kind // of the error that Next has returned, 0 for none
}

// do sends the request. The Transport itself sends a request again where the
// endpoint has said that it did not process it.
func (c *h2Client) do(q *Request) (*Response, error) {
	x := &h2Exchange{client: c, request: q}
	ctx := q.Context
	if deadline := tryDeadline(q); deadline.IsZero() {
		ctx, x.cancel = context.WithCancel(ctx)
	} else {
		ctx, x.cancel = context.WithDeadline(ctx, deadline)
	}
	trace := &interimTrace{request: q}
	if q.Interim != nil || q.streams {
		ctx = httptrace.WithClientTrace(ctx, x.hooks(trace))
	}
	out := c.request(ctx, q, x)
	response, err := c.transport.RoundTrip(out) //nolint:bodyclose // h2Exchange.Close does
	trace.end()
	if err != nil {
		failure := c.failure(ctx, x, err)
		if failure.reach = sent; failure.Kind == ConnectFailed {
			failure.reach = unsent
		}
		x.release()
		c.exchangeEnded()
		return nil, failure
	}
	x.response = response
	x.ended = endsWithHeader(q, response)
	maps.Copy(q.ResponseHeader, response.Header)
	StripHopByHop(q.ResponseHeader)
	announceTrailers(q.ResponseHeader, response.Trailer)
	x.resp = Response{Status: response.StatusCode, Header: q.ResponseHeader, Endpoint: c.endpoint.address, body: x}
	return &x.resp, nil
}

// hooks are called on a goroutine of the Transport.
func (x *h2Exchange) hooks(interim *interimTrace) *httptrace.ClientTrace {
	hooks := &httptrace.ClientTrace{GotFirstResponseByte: func() {
		if x.body != nil {
			x.body.answer()
		}
	}}
	if x.request.Interim != nil {
		hooks.Got1xxResponse = interim.got
	}
	return hooks
}

// endsWithHeader says whether a response has ended: it must then end there for the
// client as well, since to gRPC that is another thing than an empty body with trailers.
// What has the status of a call in its header has no trailers, whether it says that its
// body is empty or not.
func endsWithHeader(q *Request, r *http.Response) bool {
	if q.Method == http.MethodHead {
		return true
	}
	return r.ContentLength == 0 && (r.Header["Content-Length"] == nil || r.Header["Grpc-Status"] != nil)
}

// request makes the http.Request of a Request.
func (c *h2Client) request(ctx context.Context, q *Request, x *h2Exchange) *http.Request {
	out := (&http.Request{
		Method: q.Method, Host: q.Host, Header: q.Header, ContentLength: q.ContentLength,
		URL:   &url.URL{Scheme: c.scheme(), Host: c.endpoint.address},
		Proto: "HTTP/2.0", ProtoMajor: 2,
	}).WithContext(ctx)
	out.URL.Opaque, out.URL.RawQuery, out.URL.ForceQuery = strings.Cut(q.Target, "?")
	if strings.HasPrefix(out.URL.Opaque, "/") {
		// As Path it would be encoded anew. Behind the authority in Opaque it is
		// left alone, and the Transport cuts the authority off.
		out.URL.Opaque = "//" + q.Host + out.URL.Opaque
	}
	if _, ok := q.Header["User-Agent"]; !ok {
		q.Header["User-Agent"] = nil // else the Transport invents one
	}
	switch {
	case q.inline != nil:
		x.body = newH2Body(bytesReader(q.inline), nil, x.cancel)
	case q.streams:
		x.body = newH2Body(q.Body, q.InterruptBody, x.cancel)
		if q.Trailer != nil {
			out.Trailer = *q.Trailer
		}
	}
	if x.body != nil {
		out.Body = x.body
	}
	return out
}

func (c *h2Client) scheme() string {
	if c.endpoint.tls != nil {
		return "https"
	}
	return "http"
}

// failure tells what an error of the Transport means.
func (c *h2Client) failure(ctx context.Context, x *h2Exchange, err error) *Error {
	if x.body != nil {
		if readErr := x.body.failed(); readErr != nil {
			return classify(x.request, c.endpoint.address, RequestBody, readErr)
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && x.request.Context.Err() == nil {
		return &Error{Kind: Timeout, Endpoint: c.endpoint.address, Err: err}
	}
	var connect *connectError
	if errors.As(err, &connect) && ctx.Err() == nil {
		return &Error{Kind: ConnectFailed, Endpoint: c.endpoint.address, Err: connect.error}
	}
	return classify(x.request, c.endpoint.address, BadResponse, err)
}

// Next reads the body. What is read comes with the frames of the endpoint.
func (x *h2Exchange) Next() ([]byte, error) {
	if x.buf == nil {
		x.buf = bigBuffers.Get().(*[bigBuffer]byte)
	}
	for !x.ended {
		n, err := x.response.Body.Read(x.buf[:])
		x.ended = err == io.EOF
		if n > 0 {
			return x.buf[:n], nil
		}
		if err != nil && !x.ended {
			failure := x.client.failure(x.response.Request.Context(), x, err)
			x.failed = failure.Kind
			return nil, failure
		}
	}
	return nil, io.EOF
}

// Ready is not known for HTTP/2, but at the end.
func (x *h2Exchange) Ready() bool { return x.ended }

func (x *h2Exchange) Trailer() http.Header {
	if len(x.response.Trailer) > 0 {
		dropForbiddenTrailers(x.response.Trailer)
	}
	return x.response.Trailer
}

// Close ends the exchange.
func (x *h2Exchange) Close() {
	e := x.client.endpoint
	e.metrics.Count(x.resp.outcome(x.Ready(), x.failed))
	if x.body != nil && x.body.leave() {
		x.cancel()
	}
	x.response.Body.Close()
	x.release()
	e.inflight.Add(-1)
	x.client.exchangeEnded()
}

func (x *h2Exchange) release() {
	x.cancel()
	if x.body != nil {
		x.body.stop()
	}
	if x.buf != nil {
		bigBuffers.Put(x.buf)
		x.buf = nil
	}
}

// interimTrace hands 1xx responses on while the request is under way. They come
// on a goroutine of the Transport.
type interimTrace struct {
	mu      sync.Mutex
	ended   bool
	request *Request
}

func (t *interimTrace) got(status int, h textproto.MIMEHeader) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended || status == http.StatusContinue {
		return nil
	}
	maps.Copy(t.request.ResponseHeader, h)
	StripHopByHop(t.request.ResponseHeader)
	t.request.Interim(status)
	t.request.passed = true
	clear(t.request.ResponseHeader)
	return nil
}

func (t *interimTrace) end() {
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
}

// announceTrailers writes the Trailer field that the Transport has taken out.
func announceTrailers(h, trailer http.Header) {
	for name := range trailer {
		h.Add("Trailer", name)
	}
}
