// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package http3server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

const (
	// handshakeTimeout bounds the silence in a handshake, and half of a whole one.
	handshakeTimeout = 10 * time.Second
	// maxUnverified is how many handshakes are under way until clients first have to
	// show that they get what is sent to them (RFC 9000, section 8.1.2).
	maxUnverified = 256
)

// socket is a bound UDP socket.
type socket struct {
	udp       net.PacketConn
	transport *quic.Transport
	listener  *quic.EarlyListener
}

// load is what is open.
type load struct {
	connections, handshakes atomic.Int64
}

var errTooMany = errors.New("too many connections")

func (s *Server) listen() (*socket, error) {
	var lc net.ListenConfig
	udp, err := lc.ListenPacket(s.ctx, "udp", s.opts.Bind)
	if err != nil {
		return nil, err
	}
	bound := &socket{udp: udp, transport: &quic.Transport{
		Conn:                udp,
		ConnContext:         s.begin,
		VerifySourceAddress: func(net.Addr) bool { return s.load.handshakes.Load() >= maxUnverified },
	}}
	bound.listener, err = bound.transport.ListenEarly(http3.ConfigureTLSConfig(s.opts.TLS), &quic.Config{
		GetConfigForClient: func(*quic.ClientInfo) (*quic.Config, error) { return s.current.Load().quic, nil },
	})
	if err != nil {
		bound.close()
		return nil, err
	}
	return bound, nil
}

// begin is called for a connection before its handshake.
func (s *Server) begin(ctx context.Context, _ *quic.ClientInfo) (context.Context, error) {
	if limit := s.maxConnections.Load(); limit > 0 && s.load.connections.Load() >= limit {
		return nil, errTooMany
	}
	c := &connection{server: s}
	for {
		c.generation = s.current.Load()
		if c.generation.add(c) {
			break
		}
		if c.generation == s.current.Load() {
			return nil, http.ErrServerClosed
		}
		// Another has come in between.
	}
	s.connections.Add(1)
	s.load.connections.Add(1)
	s.load.handshakes.Add(1)
	context.AfterFunc(ctx, c.ended)
	return context.WithValue(ctx, connectionKey{}, c), nil
}

// accept hands connections on until the listener is closed.
func (s *Server) accept(from *socket) {
	for {
		accepted, err := from.listener.Accept(context.Background())
		if err != nil {
			return
		}
		c, ok := accepted.Context().Value(connectionKey{}).(*connection)
		if !ok || !c.accepted(accepted) {
			_ = accepted.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
		}
	}
}

// stopAccepting leaves the connections.
func (s *socket) stopAccepting() { _ = s.listener.Close() } // it may be closed already

// close cuts the connections that there are.
func (s *socket) close() {
	if s.listener != nil {
		s.stopAccepting()
	}
	_ = s.transport.Close() // closing is all that is left to do
	_ = s.udp.Close()
}
