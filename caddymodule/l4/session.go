// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package l4

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/relay"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

var (
	errNoRoute    = errors.New("no route takes the connection")
	errUnresolved = errors.New("the share of the route has no backend")
)

// session is a connection under way. It refers to nothing that refers to the table.
type session struct {
	gateway *gateway
	backend *upstream.Backend // nil if there is none; let go of once it was dialled
	metrics *metrics.Connections
	logger  *zap.Logger
	entry   accesslog.Connection
}

// ending is what becomes of a session.
type ending struct {
	how            metrics.ConnectionEnd
	received, sent int64
	err            error // nil if it is completed
}

// serve carries the connection to its end, and reports it.
func (s *session) serve(ctx context.Context, c *stream.Conn) {
	s.metrics.Opened()
	end := s.run(ctx, c)
	s.metrics.Ended(end.how)
	if end.err != nil {
		s.logger.Debug("connection did not end in the orderly way",
			zap.String("listener", s.entry.Listener), zap.Stringer("end", end.how), zap.Error(end.err))
	}
	if s.gateway.log == nil {
		return
	}
	e := &s.entry
	e.Time, e.Duration, e.Client, e.ServerName = c.Accepted, time.Since(c.Accepted), c.Client, c.ServerName
	e.BytesReceived, e.BytesSent, e.End = end.received, end.sent, end.how.String()
	if end.err != nil {
		e.Error = end.err.Error()
	}
	s.gateway.log.LogConnection(e)
}

func (s *session) run(ctx context.Context, c *stream.Conn) ending {
	switch {
	case s.entry.Route == "":
		c.TCP.Close()
		return ending{how: metrics.ConnectionUnrouted, err: errNoRoute}
	case s.backend == nil:
		return s.refuse(ctx, c, errUnresolved)
	}
	header, err := proxyHeader(s.gateway.proxyHeader, c)
	if err != nil {
		return s.refuse(ctx, c, err)
	}
	endpoint, err := s.backend.Dial(ctx, header)
	s.backend = nil
	if err != nil {
		if failed, ok := errors.AsType[*upstream.Error](err); ok {
			s.entry.Endpoint = failed.Endpoint
		}
		return s.refuse(ctx, c, err)
	}
	defer endpoint.Close()
	s.entry.Endpoint = endpoint.Endpoint()
	prefix := c.Prefix
	c.Prefix = nil // or it would be kept for as long as the connection is open
	return ended(relay.Run(ctx, &relay.Pair{
		Client:      relay.Side{TCP: c.TCP, TLS: c.TLS},
		Endpoint:    relay.Side{TCP: endpoint.TCP, TLS: endpoint.TLS},
		Prefix:      prefix,
		IdleTimeout: s.gateway.idle,
		Meter:       s.metrics,
	}))
}

// refuse resets a connection for which there is no endpoint.
func (s *session) refuse(ctx context.Context, c *stream.Conn, err error) ending {
	_ = c.TCP.SetLinger(0) // fails where the connection is gone already
	c.TCP.Close()
	if ctx.Err() != nil {
		return ending{how: metrics.ConnectionCut, err: context.Cause(ctx)}
	}
	return ending{how: metrics.ConnectionRefused, err: err}
}

// ended is how the metrics call what became of a pair.
func ended(r relay.Result) ending {
	e := ending{received: r.Received, sent: r.Sent, err: r.Err}
	switch r.Outcome {
	case relay.Completed:
		e.how = metrics.ConnectionCompleted
	case relay.Reset:
		e.how = metrics.ConnectionReset
	case relay.Idle:
		e.how = metrics.ConnectionTimeout
	case relay.Cut:
		e.how = metrics.ConnectionCut
	}
	return e
}
