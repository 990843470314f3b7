// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"

	"github.com/kubera-dev/kubera/caddymodule/router"
)

// front is to whom a socket gives the connections that it accepts. Immutable. Of http,
// tcp and names at least one is set.
type front struct {
	proxy *proxyProtocol
	// http serves the HTTP or HTTPS listeners. Where names is nil, and tcp, it gets
	// every connection as it is.
	http *generation
	// tcp is the TCP listener, which has the socket alone.
	tcp *streamListener
	// names tells HTTPS and TLS listeners apart, where there are TLS listeners.
	names *router.Hosts[taker]
	// streams are the TCP and TLS listeners by ID.
	streams map[string]*streamListener
}

// taker is who can be given a connection of which something was read.
type taker interface {
	// take returns false if no connections are taken any more. Where it returns true
	// the connection is served by somebody else, or was, and is over.
	take(*arrival) bool
}

// party is who has connections of a socket.
type party interface {
	members() *group
	// goesOn reports whether the connections may go on to be used when the socket
	// serves others by this front.
	goesOn(under *front) bool
	// retire makes it get no new connections.
	retire()
	// end lets the connections end and returns when they have, or when ctx ends, but
	// for those that were hijacked.
	end(ctx context.Context)
	// cut closes all that are left.
	cut()
}

// plain reports whether nothing has to be read to know who gets a connection.
func (f *front) plain() bool { return f.tcp == nil && f.names == nil }

var errNoListener = errors.New("no listener has the name")

// choose returns who gets a connection, for which it may have to read from it.
func (f *front) choose(a *arrival) (taker, error) {
	switch {
	case f.tcp != nil:
		return f.tcp, nil
	case f.names == nil:
		return f.http, nil
	}
	name, err := a.serverName()
	if err != nil {
		return nil, err
	}
	to, ok := f.names.Lookup(name)
	if !ok {
		return nil, errNoListener
	}
	return to, nil
}

// parties are those who get new connections.
func (f *front) parties() []party {
	all := make([]party, 0, len(f.streams)+1)
	if f.http != nil {
		all = append(all, f.http)
	}
	for _, l := range f.streams {
		all = append(all, l)
	}
	return all
}

// has reports whether new connections may go to p.
func (f *front) has(p party) bool {
	switch p := p.(type) {
	case *generation:
		return f.http == p
	case *streamListener:
		return f.streams[p.id] == p
	}
	return false
}
