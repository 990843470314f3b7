// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

const (
	// dialInterval is the pause between two tries to connect to the API server.
	dialInterval = 500 * time.Millisecond
	// dialTimeout bounds a try.
	dialTimeout = 5 * time.Second
	// dialKeepAlive is that of client-go.
	dialKeepAlive = 30 * time.Second
)

// apiServerDialer connects to an API server that may be away: it tries until it can, or
// nobody wants the connection any more. Else each informer would fail, and come back at
// intervals that grow to a minute, so that what changes would be followed that late.
type apiServerDialer struct {
	log logr.Logger
	// ending is closed when the program is to end: from then on there is one try. To make a
	// manager has no context that would say so.
	ending <-chan struct{}
	away   atomic.Bool
}

// DialContext is for rest.Config.Dial.
func (d *apiServerDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: dialKeepAlive}
	for {
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			if d.away.CompareAndSwap(true, false) {
				d.log.Info("is back", "address", address)
			}
			return conn, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		if d.away.CompareAndSwap(false, true) {
			d.log.Info("can't be connected to, is tried again and again", "address", address, "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-d.ending:
			return nil, err
		case <-time.After(dialInterval):
		}
	}
}
