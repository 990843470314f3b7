// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// maxPending bounds what is kept of a session while its socket is being opened, which
// takes long only if the endpoint has a name that must be looked up. In bytes; one
// datagram is kept in any case.
const maxPending = 64 << 10

// link is the way of a session to an endpoint: a socket that is connected to it, and
// the goroutine that opens it and sends to the client what comes back.
type link struct {
	session  *session
	endpoint *upstream.Endpoint

	// The following needs the lock of the shard.
	conn         *conn // nil until it is open
	pending      [][]byte
	pendingBytes int
}

// forward sends datagrams first to last to the endpoint, or keeps them until that can
// be done. It returns last, or that of the first one left if the endpoint has refused,
// and the link is not the session's any more.
func (l *link) forward(b *batch, first, last int) int {
	if l.conn == nil {
		for i := first; i < last; i++ {
			l.keep(b, i)
		}
		return last
	}
	t := transmission{socket: l.session.shard.socket, conn: l.conn}
	err := t.send(b, &first, last)
	l.session.forwarded(t.datagrams, t.bytes)
	if err != nil {
		l.session.refused(err)
	}
	return first
}

func (l *link) keep(b *batch, i int) {
	size := b.size(i)
	switch {
	case b.truncated(i):
		l.session.shard.socket.drop(metrics.TooBig, 1)
	case len(l.pending) > 0 && l.pendingBytes+size > maxPending:
		l.session.shard.socket.drop(metrics.Full, 1)
	default:
		l.pending = append(l.pending, append(make([]byte, 0, size), b.payload(i)...))
		l.pendingBytes += size
	}
}

// keepAll takes what another link has kept.
func (l *link) keepAll(pending [][]byte) {
	l.pending = pending
	for _, payload := range pending {
		l.pendingBytes += len(payload)
	}
}

// run is the goroutine of the link.
func (l *link) run() {
	s := l.session
	c, err := dial(s.shard.socket.ctx, l.endpoint.Address())
	if err == nil {
		defer c.close()
	}
	if !l.opened(c, err) {
		return
	}
	err = c.receive(l.reply)
	s.shard.mu.Lock()
	defer s.shard.unlock()
	if s.link == l { // else the session stopped it
		s.refused(err)
	}
}

// opened sends what was kept, and returns false if there is no link after all.
func (l *link) opened(c *conn, err error) bool {
	s := l.session
	s.shard.mu.Lock()
	defer s.shard.unlock()
	pending := l.pending
	l.pending = nil
	switch {
	case s.link != l: // given up in the meantime
		return false
	case err != nil:
		why := metrics.NoEndpoint
		if noRoom(err) {
			why = metrics.Full
			s.failed = err
			s.disconnect() // the endpoint is not to blame
		} else {
			s.refused(err)
		}
		s.shard.socket.drop(why, len(pending))
		return false
	}
	l.conn = c
	for i, payload := range pending {
		err := c.sendOne(payload)
		switch {
		case err == nil:
			s.forwarded(1, len(payload))
		case unreachable(err): // by what was sent before
			s.refused(err)
			if !s.connect() {
				s.shard.socket.drop(metrics.NoEndpoint, len(pending)-i)
				return false
			}
			s.link.keepAll(pending[i:])
			return false
		default:
			s.shard.socket.drop(reason(err), 1)
		}
	}
	return true
}

// reply sends to the client what the endpoint has sent.
func (l *link) reply(b *batch) {
	s := l.session
	s.active.Store(clock())
	t := transmission{socket: s.shard.socket, conn: s.shard.conn, to: &s.peer}
	first := 0
	for first < b.n {
		if err := t.send(b, &first, b.n); err != nil { // nobody refuses here for good
			t.socket.drop(metrics.SendError, 1)
			first++
		}
	}
	if t.datagrams > 0 {
		s.sent.datagrams.Add(uint64(t.datagrams))
		s.sent.bytes.Add(uint64(t.bytes))
		s.numbers.Forwarded(metrics.Sent, t.datagrams, t.bytes)
	}
}
