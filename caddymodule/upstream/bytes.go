// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Bytes is the protocol of a Spec whose backend is reached by Dial, for whatever its
// users say to it: nothing is known of it, and so nothing is offered by ALPN.
const Bytes config.BackendProtocol = "bytes"

// bytesDialer makes connections that notice when a pod is gone while nothing is sent.
// While something is, the kernel repeats it for as long as it does: TCP_USER_TIMEOUT,
// which bounds that for requests, also ends a connection whose other end is alive and
// takes its time to read, and how long that may be is not ours to say.
var bytesDialer = &net.Dialer{Timeout: dialTimeout, KeepAliveConfig: dialer.KeepAliveConfig}

// Connection is a connection to an endpoint, made by Backend.Dial. It belongs to who
// has dialled, and must be closed by Close.
type Connection struct {
	// TCP is the connection.
	TCP *net.TCPConn
	// TLS is the session on top of it, nil in clear text. It reads io.EOF only after
	// close_notify, and an error where the connection has ended without.
	TLS *tls.Conn

	endpoint *Endpoint
}

// Endpoint is the host:port that was dialled.
func (c *Connection) Endpoint() string { return c.endpoint.address }

// Close closes the TCP connection, if it is still open, and counts it as closed. To be
// called once.
func (c *Connection) Close() {
	c.TCP.Close()
	c.endpoint.metrics.Closed()
	c.endpoint.inflight.Add(-1)
}

// Dial makes a connection to one of the endpoints of a backend of protocol Bytes: of two
// at random the one with fewer connections. Where it can't be made, up to three are
// tried, for 3 s each, the handshake of TLS included. The preamble, which may be empty,
// is written in clear text before anything else. The error is an *Error, of the kind
// NoEndpoints, ConnectFailed, or Canceled if ctx has ended.
func (b *Backend) Dial(ctx context.Context, preamble []byte) (*Connection, error) {
	set := b.set.Load()
	failed := &Error{Kind: NoEndpoints}
	var triedArray [maxTries]*Endpoint
	for tried := triedArray[:0]; len(tried) < maxTries; {
		e := set.pick(tried)
		if e == nil {
			break
		}
		tried = append(tried, e)
		c, err := e.dialBytes(ctx, preamble)
		if err == nil {
			return c, nil
		}
		failed = &Error{Kind: ConnectFailed, Endpoint: e.address, Err: err, reach: unsent}
		if ctx.Err() != nil {
			failed.Kind = Canceled
			break
		}
	}
	return nil, failed
}

// dialBytes makes a connection, and remembers if that fails.
func (e *Endpoint) dialBytes(ctx context.Context, preamble []byte) (*Connection, error) {
	e.inflight.Add(1)
	began := time.Now()
	c, err := e.openBytes(ctx, preamble)
	switch {
	case err == nil:
		e.rest.succeeded()
		return c, nil
	case ctx.Err() == nil || time.Since(began) >= slowConnect:
		e.rest.failed()
	}
	e.inflight.Add(-1)
	return nil, err
}

func (e *Endpoint) openBytes(ctx context.Context, preamble []byte) (*Connection, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, dialTimeout, errHandshakeTimeout)
	defer cancel()
	nc, err := bytesDialer.DialContext(ctx, "tcp", e.address)
	if err != nil {
		return nil, err
	}
	e.metrics.Opened()
	c := &Connection{TCP: nc.(*net.TCPConn), endpoint: e}
	if err := c.begin(ctx, preamble); err != nil {
		nc.Close()
		e.metrics.Closed()
		return nil, err
	}
	return c, nil
}

func (c *Connection) begin(ctx context.Context, preamble []byte) error {
	if len(preamble) > 0 {
		// It is far smaller than the buffer of a new socket, so it does not wait.
		if _, err := c.TCP.Write(preamble); err != nil {
			return fmt.Errorf("PROXY protocol header: %w", err)
		}
	}
	if c.endpoint.tls == nil {
		return nil
	}
	secured, err := c.endpoint.secure(ctx, c.TCP)
	if err != nil {
		return err
	}
	c.TLS = secured.(*tls.Conn)
	return nil
}
