// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/fdstore"
	"github.com/kubera-dev/kubera/caddymodule/http3server"
	"github.com/kubera-dev/kubera/caddymodule/stream"
)

// emptying is how long a socket that is about to close goes on accepting: what
// is in the accept queue when a socket is closed is reset by the kernel.
const emptying = 50 * time.Millisecond

// socket is one listening TCP socket and the servers of its connections.
type socket struct {
	address string // the key of the socket, see config.Listener.BindAddress
	ln      *fdstore.Listener
	serves  handlers
	logger  *zap.Logger

	tls     tlsTable
	limiter *limiter
	// http3 is at the UDP port of the same number; nil for none.
	http3 atomic.Pointer[http3server.Server]
	front atomic.Pointer[front]

	stopping atomic.Bool
	// closed is closed when the socket is, and everything accepted was handed on, or
	// is among the arrivals.
	closed chan struct{}
	// arrivals are connections that nobody has got yet.
	arrivals group
	// received is the goroutines of arrivals, and of what became of them.
	received sync.WaitGroup

	mu sync.Mutex
	// retired parties get no new connections and have some left.
	retired map[party]struct{}
}

// handlers serve what comes to a socket.
type handlers struct {
	http    http.Handler
	streams stream.Handler
}

func newSocket(address string, ln *fdstore.Listener, serves handlers, logger *zap.Logger) *socket {
	return &socket{
		address:  address,
		ln:       ln,
		serves:   serves,
		logger:   logger.With(zap.String("address", address)),
		limiter:  newLimiter(),
		closed:   make(chan struct{}),
		arrivals: newGroup(),
		retired:  map[party]struct{}{},
	}
}

// hold has the store keep the sockets, and no others: a socket that is left out can
// be closed then. It needs mu.
func (s *Set) hold(sockets map[string]*socket) {
	if s.opts.Store == nil {
		return
	}
	listeners := make([]*fdstore.Listener, 0, len(sockets))
	for _, socket := range sockets {
		listeners = append(listeners, socket.ln)
	}
	s.opts.Store.Hold(listeners)
}

// accept runs until the socket is closed.
func (s *socket) accept() {
	defer close(s.closed)
	defer s.ln.Close()
	var pause time.Duration
	for {
		s.limiter.acquire()
		c, err := s.ln.AcceptTCP()
		if err == nil {
			pause = 0
			s.hand(c)
			continue
		}
		s.limiter.release()
		if s.stopping.Load() || errors.Is(err, net.ErrClosed) {
			return
		}
		// Out of file descriptors, most likely. Others may free some.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.logger.Error("accepting failed, trying again", zap.Error(err), zap.Duration("after", pause))
		time.Sleep(pause)
	}
}

// hand gives a connection, which has a place of the limiter, to who serves it.
func (s *socket) hand(tcp *net.TCPConn) {
	for {
		f := s.front.Load()
		if !f.plain() {
			s.arrive(tcp)
			return
		}
		// It is among the generation's before the server has it, since the server may
		// close it at once.
		c := newConn(tcp, s.limiter, &f.http.group)
		if f.http.conns.give(f.proxy.wrap(c)) {
			return
		}
		// The settings were changed in between.
		f.http.remove(c)
	}
}

func (s *socket) arrive(tcp *net.TCPConn) {
	a := &arrival{
		conn:     newConn(tcp, s.limiter, &s.arrivals),
		accepted: time.Now(),
		client:   tcp.RemoteAddr(),
		local:    tcp.LocalAddr(),
	}
	s.received.Go(func() { s.receive(a) })
}

// stopAccepting returns when nothing is accepted any more.
func (s *socket) stopAccepting() {
	if s.stopping.CompareAndSwap(false, true) {
		s.limiter.lift()
		if s.front.Load() == nil { // never began
			if err := s.ln.Abandon(); err != nil {
				s.logger.Error("closing a socket that was not used", zap.Error(err))
			}
			close(s.closed)
			return
		}
		s.ln.Withdraw() // else the kernel would go on to complete handshakes
		if err := s.ln.SetDeadline(time.Now().Add(emptying)); err != nil {
			s.ln.Close()
		}
	}
	<-s.closed
}

// shutdown stops accepting and ends all connections. Those that are not done
// when ctx ends are cut, hijacked ones only by cut.
func (s *socket) shutdown(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.endHTTP3(ctx) })
	s.stopAccepting()
	s.settleArrivals(ctx)
	for _, p := range s.parties() {
		wg.Go(func() { p.end(ctx) })
	}
	wg.Wait()
}

// settleArrivals gives those who have just come the time to say whom they want.
func (s *socket) settleArrivals(ctx context.Context) {
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-s.arrivals.quiet():
	case <-timer.C:
	case <-ctx.Done():
	}
	s.arrivals.cut()
}

// cut closes all connections at once.
func (s *socket) cut() {
	s.cutHTTP3()
	for _, p := range s.parties() {
		p.cut()
	}
}

// quiet waits until no connection is open, hijacked ones included.
func (s *socket) quiet(ctx context.Context) {
	for _, p := range s.parties() {
		select {
		case <-p.members().quiet():
		case <-ctx.Done():
		}
	}
}

// parties are all that have connections.
func (s *socket) parties() []party {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]party, 0, len(s.retired)+1)
	for p := range s.retired {
		all = append(all, p)
	}
	if f := s.front.Load(); f != nil {
		all = append(all, f.parties()...)
	}
	return all
}
