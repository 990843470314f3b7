// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"sync/atomic"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// session is what goes on between one client and the endpoint that was chosen for it.
// What is neither atomic nor fixed needs the lock of the shard.
type session struct {
	key      key
	peer     peer
	shard    *shard
	listener *listener // when it began
	route    string
	numbers  *metrics.Sessions
	began    time.Time

	// active is the clock when something was last sent either way.
	active atomic.Int64
	placed int64 // as active, when it was given its place in the heap
	index  int   // of that place

	share share
	link  *link              // nil without one
	avoid *upstream.Endpoint // has refused; nil for none
	why   metrics.SessionEnd

	endpoint string // the last one
	failed   error  // why there is no link
	received traffic
	sent     struct{ datagrams, bytes atomic.Uint64 }
}

type traffic struct{ datagrams, bytes uint64 }

// newSession begins a session of the first route of l.
func newSession(sh *shard, k key, l *listener) *session {
	r := l.routes[0]
	s := &session{
		key: k, peer: newPeer(k, sh.conn.inet6), shard: sh, listener: l, route: r.id,
		numbers: r.sessions, began: time.Now(), share: r.choose(), placed: clock(),
	}
	s.active.Store(s.placed)
	s.numbers.Opened()
	return s
}

// forward sends datagrams first to last to the endpoint.
func (s *session) forward(b *batch, first, last int) {
	if s.share.upstream == nil {
		s.shard.socket.drop(metrics.InvalidBackend, last-first)
		return
	}
	for first < last {
		if s.link == nil && !s.connect() {
			s.shard.socket.drop(metrics.NoEndpoint, last-first)
			return
		}
		// A link that was refused is followed by one that keeps what it is given, so
		// this comes to an end.
		first = s.link.forward(b, first, last)
	}
}

// connect gives the session an endpoint, and returns false if there is none.
func (s *session) connect() bool {
	e := s.share.upstream.Assign(s.avoid)
	if e == nil {
		return false
	}
	s.link = &link{session: s, endpoint: e}
	s.endpoint, s.avoid, s.failed = e.Address(), nil, nil
	s.shard.socket.running.Go(s.link.run)
	return true
}

// disconnect leaves the session without an endpoint.
func (s *session) disconnect() {
	l := s.link
	if l == nil {
		return
	}
	s.link = nil
	if l.conn != nil {
		l.conn.stop()
	}
	l.endpoint.Release()
}

// refused leaves the session without its endpoint, and without the wish to get it again.
func (s *session) refused(err error) {
	s.failed = err
	if s.link != nil {
		s.avoid = s.link.endpoint
		s.avoid.Unreachable()
		s.disconnect()
	}
}

// forwarded counts what was sent to the endpoint.
func (s *session) forwarded(datagrams, bytes int) {
	if datagrams > 0 {
		s.received.datagrams += uint64(datagrams)
		s.received.bytes += uint64(bytes)
		s.numbers.Forwarded(metrics.Received, datagrams, bytes)
	}
}

// log writes the line of a session that has ended.
func (s *session) log() {
	line := accesslog.Session{
		Time:     s.began,
		Duration: time.Since(s.began),
		Client:   s.key.clientAddress(),
		Gateway:  s.listener.gateway,
		Listener: s.listener.id,
		Route:    s.route,
		Backend:  s.share.backend,
		Endpoint: s.endpoint,
		End:      s.why.String(),

		DatagramsReceived: s.received.datagrams,
		BytesReceived:     s.received.bytes,
		DatagramsSent:     s.sent.datagrams.Load(),
		BytesSent:         s.sent.bytes.Load(),
	}
	switch {
	case s.share.upstream == nil:
		line.Error = "the backend could not be resolved"
	case s.failed != nil:
		line.Error = s.failed.Error()
	case s.endpoint == "":
		line.Error = "the backend has no endpoints"
	}
	s.listener.log.LogSession(&line)
}
