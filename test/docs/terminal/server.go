// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

const (
	// interval between two looks at what is awaited.
	interval = 20 * time.Millisecond
	// grace is how long a server may take to end when it is asked to.
	grace = 15 * time.Second
)

// Server is a command that goes on.
type Server struct {
	group  int
	output string
	seen   int
}

// Output is what it has printed since the last Seen.
func (s *Server) Output() string {
	data, _ := os.ReadFile(s.output)
	return string(data[min(s.seen, len(data)):])
}

// Seen leaves out of Output what is in it now.
func (s *Server) Seen() { s.seen += len(s.Output()) }

// Await waits until done says that the output is what it waits for.
func (s *Server) Await(ctx context.Context, done func(output string) bool) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		ended := !s.runs()
		if done(s.Output()) {
			return nil
		}
		if ended {
			return errors.New("it has ended")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it has not printed that: %w", context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// Stop ends it by a signal, or by force if that takes too long, and waits for its end.
func (s *Server) Stop() error {
	_ = syscall.Kill(-s.group, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for s.runs() {
		select {
		case <-ctx.Done():
			_ = syscall.Kill(-s.group, syscall.SIGKILL)
			return fmt.Errorf("it goes on %s after it was asked to end", grace)
		case <-ticker.C:
		}
	}
	return nil
}

// runs is true until the shell has noticed the end of all processes of the server.
func (s *Server) runs() bool {
	return syscall.Kill(-s.group, 0) == nil
}
