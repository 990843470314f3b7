// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"context"
	"net/http"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/datagram"
	"github.com/kubera-dev/kubera/caddymodule/stream"
)

// Engine answers requests, and serves connections, by a table that is made from a
// configuration. The runtime calls all but the handlers one at a time.
type Engine interface {
	// Compile makes a table without touching the one in use. The swap that it
	// returns puts the table in use and can't fail. The error is a *config.Refusal.
	Compile(*config.Config) (swap func(), err error)
	// SetEndpoints replaces the endpoints of backends of the table in use.
	SetEndpoints([]config.BackendEndpoints) error
	// Handler serves the requests of the socket with the address, by the table
	// that is in use when a request comes.
	Handler(address string) http.Handler
	// Handler serves the connections of TLS and TCP listeners.
	stream.Handler
	// Backend finds a backend of the table in use, nil if there is none: datagrams are
	// sent by the runtime itself. Safe for concurrent use.
	datagram.Backends
	// SetDraining makes answers ask clients to close their connections.
	SetDraining(bool)
	// CloseStreams lets upgraded connections end until ctx does, and then ends them.
	CloseStreams(ctx context.Context) error
	// Close drops the connections to backends.
	Close()
}
