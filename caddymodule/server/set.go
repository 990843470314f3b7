// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/fdstore"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/stream"
)

// Options of a Set.
type Options struct {
	// Handler returns what serves the requests of a socket, by the address that
	// config.Listener.BindAddress gives. Called once for each socket opened.
	Handler func(address string) http.Handler
	// Streams serves the connections of TLS and TCP listeners. A configuration that has
	// such listeners is refused if it is nil.
	Streams stream.Handler
	// BindHost is bound where an address has no host. Default: all addresses,
	// IPv4 and IPv6.
	BindHost string
	// CloseTimeout bounds how long the connections of a socket that is not wanted
	// any more may go on, and those of a TLS or TCP listener that is not. Default: 30s.
	CloseTimeout time.Duration
	// Store has the sockets when the process is killed. The caller closes it after the
	// Set. Default: none, they are closed.
	Store *fdstore.Client
	// Metrics show connections and when certificates expire. May be nil.
	Metrics *metrics.Metrics
	// Logger is required.
	Logger *zap.Logger
}

// Set is the sockets of a process. Its methods may be called concurrently,
// except that a Change must be committed or aborted before the next Prepare.
type Set struct {
	opts Options

	mu        sync.Mutex
	sockets   map[string]*socket
	parsed    parsed
	listeners map[string]*secureListener
	tickets   map[string]listenerTickets // by listener ID
	// closing sockets have been taken out of sockets.
	closing map[*socket]struct{}

	background sync.WaitGroup
	// cancel ends what runs in the background, connections being cut.
	cancel context.CancelFunc
	ctx    context.Context
}

// New returns a Set without sockets. Close ends it.
func New(opts Options) *Set {
	if opts.CloseTimeout == 0 {
		opts.CloseTimeout = 30 * time.Second
	}
	s := &Set{
		opts:    opts,
		sockets: map[string]*socket{},
		tickets: map[string]listenerTickets{},
		closing: map[*socket]struct{}{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.background.Go(s.rotateTickets)
	return s
}

// Change is a configuration that is ready to be served: all its sockets are open.
type Change struct {
	set       *Set
	specs     map[string]*socketSpec
	opened    map[string]*socket
	parsed    parsed
	listeners map[string]*secureListener
	expiries  []metrics.Expiry
}

// Prepare opens the sockets that cfg wants and that are not open. They accept
// nothing before Commit; clients wait in the accept queue. The error is a
// *config.Refusal that names the listener, and leaves everything as it was. UDP ports
// that cfg has listeners for are left by HTTP/3 when Prepare returns.
func (s *Set) Prepare(cfg *config.Config) (*Change, error) {
	if err := s.checkProtocols(cfg); err != nil {
		return nil, err
	}
	s.mu.Lock()
	known, listeners := s.parsed, s.listeners
	s.mu.Unlock()

	c := &Change{set: s, opened: map[string]*socket{}}
	var err error
	if c.parsed.certificates, err = known.certificates.next(cfg); err != nil {
		return nil, err
	}
	if c.parsed.bundles, err = known.bundles.next(cfg); err != nil {
		return nil, err
	}
	if c.listeners, err = nextListeners(listeners, cfg, c.parsed); err != nil {
		return nil, err
	}
	if c.specs, err = socketSpecs(cfg, c.listeners); err != nil {
		return nil, err
	}
	c.expiries = expiries(cfg, c.listeners)
	for _, address := range addresses(c.specs) {
		if err := c.open(address); err != nil {
			c.Abort()
			return nil, err
		}
	}
	s.yieldUDP(cfg.UDPAddresses())
	return c, nil
}

func (s *Set) checkProtocols(cfg *config.Config) error {
	for i := range cfg.Listeners {
		if l := &cfg.Listeners[i]; isStream(l) && s.opts.Streams == nil {
			return &config.Refusal{
				Object: l.ID, Field: "protocol",
				Message: fmt.Sprintf("this proxy does not serve connections of protocol %s", l.Protocol),
			}
		}
	}
	return nil
}

// open binds a socket unless it is there.
func (c *Change) open(address string) error {
	s := c.set
	s.mu.Lock()
	known := s.sockets[address] != nil
	closing := make([]*socket, 0, len(s.closing))
	for old := range s.closing {
		closing = append(closing, old)
	}
	s.mu.Unlock()
	if known {
		return nil
	}
	// One of these may have the address. They need no longer than emptying.
	for _, old := range closing {
		<-old.closed
	}
	refuse := func(err error) error {
		return &config.Refusal{
			Object:  c.specs[address].listener,
			Field:   "address",
			Message: fmt.Sprintf("can't listen on %s: %v", address, err),
		}
	}
	bind, err := hostPort(address, s.opts.BindHost)
	if err != nil {
		return refuse(err)
	}
	ln, err := s.opts.Store.Listen(s.ctx, bind)
	if err != nil {
		return refuse(err)
	}
	serves := handlers{http: s.opts.Handler(address), streams: s.opts.Streams}
	c.opened[address] = newSocket(address, ln, serves, s.opts.Logger)
	return nil
}

// Abort closes what Prepare opened.
func (c *Change) Abort() {
	for _, opened := range c.opened {
		opened.stopAccepting()
	}
}

// Commit serves the configuration. Sockets that it does not want are closed in
// the background, see Options.CloseTimeout. It waits for no client.
func (c *Change) Commit() {
	s := c.set
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parsed = c.parsed
	s.setListeners(c.listeners)
	maps.Copy(s.sockets, c.opened)
	for address, spec := range c.specs {
		socket := s.sockets[address]
		for _, ending := range socket.apply(spec) {
			s.background.Go(func() { s.endParty(socket, ending) })
		}
		s.applyHTTP3(socket, spec)
	}
	var unwanted []*socket
	for address, socket := range s.sockets {
		if c.specs[address] == nil {
			delete(s.sockets, address)
			s.closing[socket] = struct{}{}
			unwanted = append(unwanted, socket)
		}
	}
	s.hold(s.sockets)
	for _, socket := range unwanted {
		s.background.Go(func() { s.closeSocket(socket) })
	}
	if s.opts.Metrics != nil {
		s.opts.Metrics.UseSockets(&metrics.Sockets{Sockets: s.measured(c.specs), Expiries: c.expiries})
	}
}

// endParty ends the connections of a party that was revoked.
func (s *Set) endParty(socket *socket, p party) {
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.CloseTimeout)
	defer cancel()
	p.end(ctx)
	select {
	case <-p.members().quiet():
	case <-ctx.Done():
	}
	p.cut()
	socket.prune(p)
}

// closeSocket ends a socket that is not wanted any more.
func (s *Set) closeSocket(socket *socket) {
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.CloseTimeout)
	defer cancel()
	socket.shutdown(ctx)
	socket.quiet(ctx)
	socket.cut()
	socket.received.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.closing, socket)
}

// Addr is the address that a socket is bound to, nil if there is none for the
// address, which is one of config.Listener.BindAddress.
func (s *Set) Addr(address string) net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if socket := s.sockets[address]; socket != nil {
		return socket.ln.Addr()
	}
	return nil
}

// Shutdown stops accepting on all sockets at once, answers what was asked, and
// closes the connections as they become idle; those of TLS and TCP listeners end by
// themselves. When ctx ends it cuts those that still serve a request, and all of TLS
// and TCP listeners. Hijacked connections are left to their owner. Neither Prepare nor
// Commit may follow.
func (s *Set) Shutdown(ctx context.Context) {
	s.mu.Lock()
	s.hold(nil)
	sockets := make([]*socket, 0, len(s.sockets)+len(s.closing))
	for _, socket := range s.sockets {
		sockets = append(sockets, socket)
	}
	for socket := range s.closing {
		sockets = append(sockets, socket)
	}
	s.mu.Unlock()
	var wg sync.WaitGroup
	for _, socket := range sockets {
		wg.Go(func() { socket.shutdown(ctx) })
	}
	wg.Wait()
}

// Close cuts all connections, hijacked ones included, closes all sockets, and
// returns when no goroutine of the Set is left, but perhaps those of HTTP handlers
// that have not noticed yet; Options.Streams has returned.
func (s *Set) Close() {
	s.cancel()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	s.Shutdown(ended)
	s.mu.Lock()
	sockets := slices.Collect(maps.Values(s.sockets))
	clear(s.sockets)
	s.mu.Unlock()
	for _, socket := range sockets {
		socket.cut()
		socket.received.Wait()
	}
	s.background.Wait()
}
