// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"sync"
	"sync/atomic"
)

// group is the open connections of somebody.
type group struct {
	// revoked is set when the connections must not be used any more for what the
	// socket serves now.
	revoked atomic.Bool
	// emptied is called when the last connection has gone, whatever comes after it.
	emptied func()

	mu   sync.Mutex
	open map[*conn]struct{}
	// idle is closed and replaced whenever open becomes empty.
	idle chan struct{}
}

func newGroup() group {
	return group{emptied: func() {}, open: map[*conn]struct{}{}, idle: make(chan struct{})}
}

func (g *group) members() *group { return g }

func (g *group) add(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[c] = struct{}{}
}

// remove forgets a connection, if it is there.
func (g *group) remove(c *conn) {
	if g.forget(c) {
		g.emptied()
	}
}

// forget says whether the connection was the last.
func (g *group) forget(c *conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.open[c]; !ok {
		return false
	}
	delete(g.open, c)
	if len(g.open) > 0 {
		return false
	}
	close(g.idle)
	g.idle = make(chan struct{})
	return true
}

// count of the open connections, hijacked ones included.
func (g *group) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.open)
}

// quiet is closed as soon as no connection is open.
func (g *group) quiet() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.open) == 0 {
		none := make(chan struct{})
		close(none)
		return none
	}
	return g.idle
}

// cut closes every connection.
func (g *group) cut() {
	for _, c := range g.connections() {
		_ = c.Close() // whoever uses it closes it too
	}
}

func (g *group) connections() []*conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	conns := make([]*conn, 0, len(g.open))
	for c := range g.open {
		conns = append(conns, c)
	}
	return conns
}
