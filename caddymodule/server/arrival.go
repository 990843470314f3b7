// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/clienthello"
	"github.com/kubera-dev/kubera/caddymodule/router"
)

// arrival is a connection of which something has to be read before it is known who
// gets it, or that is not for HTTP. It belongs to one goroutine.
type arrival struct {
	conn     *conn
	accepted time.Time
	// client and local are the ends of the connection.
	client, local net.Addr
	// head was read, and is for who gets the connection.
	head []byte

	named bool // the hello was read
	name  string
}

// receive finds out who gets a connection and gives it to them. It returns when that
// is done, or when a connection that is not for HTTP has ended.
func (s *socket) receive(a *arrival) {
	if err := a.readHeader(s.front.Load().proxy); err != nil {
		s.refuse(a, err)
		return
	}
	for !a.conn.closed.Load() {
		to, err := s.front.Load().choose(a)
		if err != nil {
			s.refuse(a, err)
			return
		}
		if to.take(a) {
			return
		}
		// The configuration was changed in between.
	}
}

// refuse says nothing to the client, not even in an alert.
func (s *socket) refuse(a *arrival, err error) {
	s.logger.Debug("closing a connection", zap.Stringer("client", a.client), zap.Error(err))
	_ = a.conn.Close() // it may be closed already
}

// readHeader reads what the PROXY protocol says, if the peer must say it.
func (a *arrival) readHeader(p *proxyProtocol) error {
	if !p.demands(a.client) {
		return nil
	}
	var h proxyHeader
	err := within(proxyHeaderTimeout, a.conn.TCPConn, func() (err error) {
		h, err = readProxyHeader(a.conn.TCPConn)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading a PROXY header: %w", err)
	}
	a.head = h.rest
	if h.client != nil {
		a.client, a.local = h.client, h.local
	}
	return nil
}

// within does what reads and writes on a connection, whose deadlines it sets for that
// time.
func within(timeout time.Duration, c net.Conn, do func() error) error {
	if err := c.SetDeadline(time.Now().Add(timeout)); err != nil {
		return fmt.Errorf("setting a deadline: %w", err)
	}
	if err := do(); err != nil {
		return err
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		return fmt.Errorf("removing a deadline: %w", err)
	}
	return nil
}

// serverName returns the SNI of the client, in the form that lookups compare.
func (a *arrival) serverName() (string, error) {
	if a.named {
		return a.name, nil
	}
	hello, err := clienthello.Read(a.conn.TCPConn, a.head)
	if err != nil {
		return "", err
	}
	a.head, a.name, a.named = hello.Bytes, router.NormalizeHost(hello.ServerName), true
	return a.name, nil
}

// replayed is the connection as a server gets it that knows nothing of what was read.
func (a *arrival) replayed() net.Conn {
	return &replayed{Conn: a.conn, head: a.head, client: a.client, local: a.local}
}

// replayed is a connection whose first bytes were read before.
type replayed struct {
	net.Conn
	head          []byte
	client, local net.Addr
}

// Read implements net.Conn.
func (r *replayed) Read(p []byte) (int, error) {
	if len(r.head) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.head)
	if r.head = r.head[n:]; len(r.head) == 0 {
		r.head = nil
	}
	return n, nil
}

// RemoteAddr implements net.Conn.
func (r *replayed) RemoteAddr() net.Addr { return r.client }

// LocalAddr implements net.Conn.
func (r *replayed) LocalAddr() net.Addr { return r.local }

// addrPort is the address of a TCP connection; the zero value if it is none. An IPv4
// address that came over a socket for both versions is one of IPv4.
func addrPort(a net.Addr) netip.AddrPort {
	at, ok := a.(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return netip.AddrPort{}
	}
	ap := at.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
