// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/kubera-dev/kubera/test/cluster/component"
	"github.com/kubera-dev/kubera/test/cluster/control"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// running is a component that was started. Guarded by supervisor.mu.
type running struct {
	component component.Component
	process   *os.Process
	ended     chan struct{}
	// off is true once it is to end, which then is no end of the node.
	off bool
}

// serve lets commands of the machine stop and start components, until ctx ends.
func (s *supervisor) serve(ctx context.Context) error {
	path := s.node.State.Switch()
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("listen to commands: %w", err)
	}
	context.AfterFunc(ctx, func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.answer(conn)
		}
	}()
	return nil
}

// answer does what one command asks for. Of a command that went away nobody waits for
// the answer.
func (s *supervisor) answer(conn net.Conn) {
	c := control.NewConn(conn)
	defer c.Close()
	m, err := c.Receive()
	if err != nil {
		return
	}
	switch {
	case m.Stop != "":
		err = s.stop(m.Stop)
	case m.Start != "":
		err = s.restart(m.Start)
	default:
		err = errors.New("nothing is asked for")
	}
	reply := control.Message{Ready: true}
	if err != nil {
		reply = control.Message{Problem: err.Error()}
	}
	_ = c.Send(reply)
}

// stop kills a component, as an outage does, and returns when it has ended.
func (s *supervisor) stop(name string) error {
	s.mu.Lock()
	r := s.components[name]
	if r == nil || r.off {
		s.mu.Unlock()
		return fmt.Errorf("%s does not run", name)
	}
	r.off = true
	s.mu.Unlock()
	if err := r.process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-r.ended
	return nil
}

// restart starts a component that was stopped.
func (s *supervisor) restart(name string) error {
	s.mu.Lock()
	r := s.components[name]
	stopped := r != nil && r.off
	s.mu.Unlock()
	if !stopped {
		return fmt.Errorf("%s was not stopped", name)
	}
	return s.run(r.component)
}

// Command asks the node of a cluster to stop or start a component, and waits until it
// has.
func Command(ctx context.Context, state layout.State, m control.Message) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", state.Switch())
	if err != nil {
		return fmt.Errorf("no cluster hears commands: %w", err)
	}
	c := control.NewConn(conn)
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if err := c.Send(m); err != nil {
		return err
	}
	reply, err := c.Receive()
	switch {
	case err != nil:
		return fmt.Errorf("wait for the node: %w", err)
	case reply.Problem != "":
		return errors.New(reply.Problem)
	}
	return nil
}
