// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// The pauses between attempts to connect: the first, doubled up to the longest.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

func dial(path string) (conn, error) {
	d := net.Dialer{Timeout: patience}
	c, err := d.Dial(network, path)
	if err != nil {
		return conn{}, err
	}
	return conn{c.(*net.UnixConn)}, nil
}

// inherit connects to the store, and takes the sockets that it has. Those that have
// come by an error are returned with it.
func inherit(path string) (*conn, map[string]*net.TCPListener, error) {
	inherited := map[string]*net.TCPListener{}
	deadline := time.Now().Add(patience)
	c, err := dial(path)
	if err != nil {
		return nil, inherited, err
	}
	err = c.SetDeadline(deadline)
	if err == nil {
		err = c.take(inherited)
	}
	if err == nil {
		err = c.SetDeadline(time.Time{})
	}
	if err != nil {
		c.Close()
		return nil, inherited, fmt.Errorf("taking over sockets: %w", err)
	}
	return &c, inherited, nil
}

// take adds to inherited what the store has.
func (c conn) take(inherited map[string]*net.TCPListener) error {
	if err := c.send(message{verb: take}, none); err != nil {
		return err
	}
	for range maxSockets + 1 {
		m, fd, err := c.receive()
		if err != nil {
			return err
		}
		switch m.verb {
		case done:
			return nil
		case socket:
			ln := listener(fd)
			if ln == nil || inherited[m.name] != nil {
				return fmt.Errorf("%w: %s is not a socket, or another one", errProtocol, m.name)
			}
			inherited[m.name] = ln
		default:
			return errProtocol
		}
	}
	return fmt.Errorf("%w: more than %d sockets", errProtocol, maxSockets)
}

// listener takes over the descriptor. It is nil for what does not listen.
func listener(fd int) *net.TCPListener {
	file := os.NewFile(uintptr(fd), "")
	defer file.Close() // the listener has a duplicate
	if !listens(fd) {
		return nil
	}
	ln, err := net.FileListener(file)
	if err != nil {
		return nil
	}
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		ln.Close()
		return nil
	}
	return tcp
}

// run speaks with a store, whichever there is, until the Client is closed.
func (c *Client) run(session *conn) {
	pause := firstPause
	for {
		if session != nil {
			err := c.speak(*session)
			c.setConnected(false)
			if err == nil {
				return
			}
			c.logger.Warn("the descriptor store has gone, looking for another", zap.Error(err))
			pause = firstPause
		}
		select {
		case <-c.stop:
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
		session = nil
		if next, err := dial(c.path); err == nil {
			c.logger.Info("connected to the descriptor store")
			c.setConnected(true)
			session = &next
		}
	}
}

// speak tells the store each version. It returns nil when the Client is closed, else
// why the store is of no use any more.
func (c *Client) speak(session conn) error {
	ctx, lost := context.WithCancelCause(context.Background())
	var reader sync.WaitGroup
	reader.Go(func() { lost(c.hear(session)) })
	defer reader.Wait()
	defer session.Close()
	for sent := uint64(0); ; {
		version, kept := c.snapshot()
		if version != sent {
			if err := tell(session, version, kept); err != nil {
				return err
			}
			sent = version
		}
		select {
		case <-c.changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.stop:
			return nil
		}
	}
}

// tell hands over a version.
func tell(session conn, version uint64, kept map[*Listener]struct{}) error {
	if err := session.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for l := range kept {
		raw, err := l.SyscallConn()
		if err != nil {
			return err
		}
		var failed error
		if err := raw.Control(func(fd uintptr) {
			failed = session.send(message{verb: socket, name: l.name}, int(fd))
		}); err != nil {
			continue // it is closed, and a newer version does not have it
		}
		if failed != nil {
			return failed
		}
	}
	return session.send(message{verb: done, version: version}, none)
}

// hear reads what the store confirms, until it has gone.
func (c *Client) hear(session conn) error {
	for {
		m, fd, err := session.receive()
		if err != nil {
			return err
		}
		if fd != none {
			closeDescriptor(fd)
		}
		if m.verb != done || !c.confirm(m.version) {
			return errProtocol
		}
	}
}

func (c *Client) snapshot() (version uint64, kept map[*Listener]struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version, c.kept
}

// confirm is false for a version that does not exist.
func (c *Client) confirm(version uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version > c.version {
		return false
	}
	c.held = max(c.held, version)
	c.announce()
	return true
}

func (c *Client) setConnected(connected bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.connected = connected
	c.announce()
}

// announce needs mu.
func (c *Client) announce() {
	close(c.news)
	c.news = make(chan struct{})
}
