// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

const (
	// maxReaders bounds the sockets of an address.
	maxReaders = 8
	// quiet is how long nothing is sent in a session that a Shutdown does not wait for.
	quiet = 5 * time.Second
)

// Backends finds the backends of the configuration in use by their IDs, nil being none.
type Backends interface {
	Backend(id string) *upstream.Backend
}

// Options of a Set.
type Options struct {
	// Backends is required. Commit asks it for those of the configuration that is
	// committed.
	Backends Backends
	// BindHost is bound where an address has no host. Default: all addresses,
	// IPv4 and IPv6.
	BindHost string
	// AccessLog takes the lines of the Gateways that want them, one by each Write. It
	// must be safe for concurrent use. Default: no access logs.
	AccessLog zapcore.WriteSyncer
	// Metrics takes the numbers. Default: none are kept.
	Metrics *metrics.Metrics
	// Logger is required.
	Logger *zap.Logger

	readers int           // of an address
	quiet   time.Duration // see the constant
}

// Set is the UDP sockets of a process. Its methods may be called concurrently, except
// that a Change must be committed or aborted before the next Prepare.
type Set struct {
	opts Options

	mu      sync.Mutex
	sockets map[string]*socket // by config.Listener.BindAddress
}

// New returns a Set without sockets. Close ends it.
func New(opts Options) *Set {
	if opts.Metrics == nil {
		opts.Metrics = metrics.New()
	}
	opts.readers = cmp.Or(opts.readers, min(runtime.GOMAXPROCS(0), maxReaders))
	opts.quiet = cmp.Or(opts.quiet, quiet)
	return &Set{opts: opts, sockets: map[string]*socket{}}
}

// Change is a configuration that is ready to be served: all its sockets are open.
type Change struct {
	set       *Set
	listeners map[string]*listener
	opened    map[string][]*conn
}

// Prepare opens the sockets that cfg wants and that are not open. Datagrams wait in
// them until Commit. The error is a *config.Refusal that names the listener, and leaves
// everything as it was.
func (s *Set) Prepare(cfg *config.Config) (*Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Change{set: s, listeners: listeners(cfg, s.opts.AccessLog), opened: map[string][]*conn{}}
	for _, address := range slices.Sorted(maps.Keys(c.listeners)) { // refusals are the same each time
		if s.sockets[address] != nil {
			continue
		}
		conns, err := s.listen(address)
		if err != nil {
			c.Abort()
			return nil, &config.Refusal{
				Object: c.listeners[address].id, Field: "address",
				Message: fmt.Sprintf("can't listen on %s for UDP: %v", address, err),
			}
		}
		c.opened[address] = conns
	}
	return c, nil
}

func (s *Set) listen(address string) ([]*conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	// No name is looked up for long, since addresses are not names.
	return listen(context.Background(), net.JoinHostPort(cmp.Or(host, s.opts.BindHost), port), s.opts.readers)
}

// Abort closes what Prepare opened.
func (c *Change) Abort() {
	for _, conns := range c.opened {
		for _, conn := range conns {
			conn.close()
		}
	}
}

// Commit serves the configuration, whose backends Options.Backends must know by now.
// Sockets that it does not want are closed, and their sessions end.
func (c *Change) Commit() {
	s := c.set
	s.mu.Lock()
	defer s.mu.Unlock()
	numbers := s.opts.Metrics.NewDatagramSet()
	for address, l := range c.listeners {
		known := s.sockets[address]
		if known != nil {
			l.resolve(known.listener.Load(), s.opts.Backends, numbers)
			known.apply(l)
			continue
		}
		l.resolve(nil, s.opts.Backends, numbers)
		s.sockets[address] = newSocket(&s.opts, address, l, c.opened[address])
	}
	for address, socket := range s.sockets {
		if c.listeners[address] == nil {
			delete(s.sockets, address)
			socket.close(metrics.SessionRemoved)
		}
	}
	s.opts.Metrics.UseDatagrams(numbers)
}

// EndpointsChanged parts sessions from endpoints that their backends do not have any
// more. To be called when endpoints were changed without a Commit.
func (s *Set) EndpointsChanged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, socket := range s.sockets {
		socket.review()
	}
}

// Addr is the address that a socket is bound to, nil if there is none for the address,
// which is one of config.Listener.BindAddress.
func (s *Set) Addr(address string) net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if socket := s.sockets[address]; socket != nil {
		return socket.shards[0].conn.udp.LocalAddr()
	}
	return nil
}

// Shutdown begins no more sessions, lets those go on in which something is sent every
// few seconds, until ctx ends, and closes all sockets. Neither Prepare nor Commit may
// follow.
func (s *Set) Shutdown(ctx context.Context) {
	s.mu.Lock()
	sockets := slices.Collect(maps.Values(s.sockets))
	s.mu.Unlock()
	for _, socket := range sockets {
		socket.drain()
	}
	for _, socket := range sockets {
		socket.empty(ctx)
	}
	s.Close()
}

// Close ends all sessions, closes all sockets, and returns when no goroutine of the Set
// is left.
func (s *Set) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, socket := range s.sockets {
		socket.close(metrics.SessionShutdown)
	}
	clear(s.sockets)
}
