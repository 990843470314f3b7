// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

var (
	errHandshakeTimeout = fmt.Errorf("no answer within %s", dialTimeout)
	errNoHTTP2          = errors.New("the endpoint does not agree to HTTP/2 (ALPN h2)")
)

// withSessions gives an endpoint a configuration of its own: a session is resumed
// with the endpoint that it was made with, and gone when the endpoint or its
// identity is.
func withSessions(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	c = c.Clone()
	c.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	return c
}

// secure begins TLS on a new connection. The error says what was wrong in words
// that hold no secret, and leaves the connection to be closed by the caller.
func (e *Endpoint) secure(ctx context.Context, nc net.Conn) (net.Conn, error) {
	var c *tls.Conn
	if e.h2 == nil {
		c = newWire(nc, e.tls).tls
	} else {
		c = tls.Client(nc, e.tls)
	}
	err := c.HandshakeContext(ctx)
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil && e.h2 != nil && c.ConnectionState().NegotiatedProtocol != "h2":
		err = errNoHTTP2
	}
	if err != nil {
		return nil, fmt.Errorf("TLS handshake as a client of %s: %w", e.tls.ServerName, err)
	}
	return c, nil
}
