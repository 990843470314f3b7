// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// DefaultHold is the default of StoreOptions.Hold. A kubelet has a container that was
// killed running again within a second or two.
const DefaultHold = 5 * time.Second

// StoreOptions of a Store.
type StoreOptions struct {
	// Path of the unix socket, which gets mode 0600. What is there before is replaced.
	// Required.
	Path string
	// Hold bounds how long the sockets of a proxy that has gone are held until another
	// one has applied a configuration. Default: DefaultHold.
	Hold time.Duration
	// Logger is required.
	Logger *zap.Logger
}

// Store holds the listening sockets of one proxy. It reads and writes nothing from
// them.
type Store struct {
	opts StoreOptions
	ln   *net.UnixListener

	// held are descriptors by name. All of it is of the one goroutine of Serve: a proxy
	// is served to its end, and the next one waits.
	held map[string]int
	// expires is when held are closed; zero while a proxy is there that has listened
	// on what it wants of them.
	expires time.Time
}

// Listen opens the unix socket. Serve closes it.
func Listen(o StoreOptions) (*Store, error) {
	if o.Hold == 0 {
		o.Hold = DefaultHold
	}
	// At its place only when it has its mode, and instead of that of a Store before.
	temp := o.Path + "." + strconv.Itoa(os.Getpid())
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing an old socket: %w", err)
	}
	ln, err := net.ListenUnix(network, &net.UnixAddr{Net: network, Name: temp})
	if err != nil {
		return nil, fmt.Errorf("listening for proxies: %w", err)
	}
	ln.SetUnlinkOnClose(false) // connecting to what is left is refused
	if err := errors.Join(os.Chmod(temp, 0o600), os.Rename(temp, o.Path)); err != nil {
		ln.Close()
		return nil, fmt.Errorf("listening for proxies: %w", err)
	}
	return &Store{opts: o, ln: ln, held: map[string]int{}}, nil
}

// Serve returns nil when ctx ends, having closed everything. It may be called once.
func (s *Store) Serve(ctx context.Context) error {
	defer s.replace(nil)
	defer s.ln.Close()
	defer context.AfterFunc(ctx, func() { s.ln.Close() })()
	for {
		if err := s.ln.SetDeadline(s.expires); err != nil && ctx.Err() == nil {
			return fmt.Errorf("waiting for proxies: %w", err)
		}
		c, err := s.ln.AcceptUnix()
		switch {
		case err == nil:
			s.serve(ctx, conn{c})
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.expire()
		default:
			return fmt.Errorf("waiting for proxies: %w", err)
		}
	}
}

// serve speaks with a proxy until that has gone.
func (s *Store) serve(ctx context.Context, c conn) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	next := map[string]int{}
	err := s.speak(c, next)
	if errors.Is(err, errProtocol) {
		s.opts.Logger.Error("closing the connection of a proxy", zap.Error(err))
	}
	// What it was about to hand over is as good as what it has.
	for name, fd := range next {
		s.put(s.held, name, fd)
	}
	if len(s.held) > 0 && s.expires.IsZero() && ctx.Err() == nil {
		s.expires = time.Now().Add(s.opts.Hold)
		s.opts.Logger.Info("the proxy has gone, holding its sockets",
			zap.Int("sockets", len(s.held)), zap.Duration("for", s.opts.Hold))
	}
}

// speak collects in next what is not held yet, and returns why the proxy is not
// served any more.
func (s *Store) speak(c conn, next map[string]int) error {
	for {
		if err := c.SetReadDeadline(s.expires); err != nil {
			return err
		}
		m, fd, err := c.receive()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.expire()
			continue
		}
		if err != nil {
			return err
		}
		if err := c.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		switch m.verb {
		case take:
			err = s.give(c)
		case socket:
			s.put(next, m.name, fd)
		case done:
			s.replace(next)
			clear(next)
			s.expires = time.Time{}
			s.opts.Logger.Info("holding what the proxy listens on", zap.Int("sockets", len(s.held)))
			err = c.send(m, none)
		}
		if err != nil {
			return err
		}
	}
}

// give hands out everything. It is held on until the proxy has said what it wants.
func (s *Store) give(c conn) error {
	for name, fd := range s.held {
		if err := c.send(message{verb: socket, name: name}, fd); err != nil {
			return err
		}
	}
	if len(s.held) > 0 {
		s.opts.Logger.Info("gave the sockets to a proxy", zap.Int("sockets", len(s.held)))
	}
	return c.send(message{verb: done}, none)
}

// put takes over a descriptor.
func (s *Store) put(in map[string]int, name string, fd int) {
	before, known := in[name]
	switch {
	case !known && len(in) >= maxSockets:
		s.opts.Logger.Warn("not holding a socket: there are too many", zap.String("address", name))
		closeDescriptor(fd)
		return
	case !listens(fd):
		s.opts.Logger.Debug("not holding what does not listen", zap.String("address", name))
		closeDescriptor(fd)
		return
	case known:
		closeDescriptor(before)
	}
	in[name] = fd
}

// replace holds next and nothing else.
func (s *Store) replace(next map[string]int) {
	for _, fd := range s.held {
		closeDescriptor(fd)
	}
	s.held = map[string]int{}
	maps.Copy(s.held, next)
}

// expire gives up what no proxy has come for.
func (s *Store) expire() {
	s.opts.Logger.Warn("closing the sockets: no proxy has taken them over in time", zap.Int("sockets", len(s.held)))
	s.replace(nil)
	s.expires = time.Time{}
}
