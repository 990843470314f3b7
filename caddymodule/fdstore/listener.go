// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"context"
	"fmt"
	"net"

	"go.uber.org/zap"
)

// Listener is a listening socket that may outlive the process.
type Listener struct {
	*net.TCPListener

	name   string
	client *Client // nil: it does not
	// inherited from an earlier process.
	inherited bool
}

// Listen returns the socket that an earlier process had at address, a host:port, or
// binds a new one. It has to be committed by Hold, or abandoned. A nil Client binds.
func (c *Client) Listen(ctx context.Context, address string) (*Listener, error) {
	l := &Listener{name: address, client: c}
	if l.TCPListener = c.claim(address); l.TCPListener != nil {
		l.inherited = true
		c.logger.Info("listening on the socket of an earlier process", zap.String("address", address))
		return l, nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		ln.Close()
		return nil, fmt.Errorf("%T is not of TCP", ln)
	}
	l.TCPListener = tcp
	return l, nil
}

// Withdraw returns when no store has the socket any more, so that to close it is to
// refuse connections. The last Hold must have left it out. A store that does not say
// so within a second does not matter: the socket accepts nothing any more then, and
// what is in its queue is lost.
func (l *Listener) Withdraw() {
	if l.client == nil || l.client.confirmed() {
		return
	}
	if err := refuse(l.TCPListener); err != nil {
		l.client.logger.Error("a socket may be open in the descriptor store",
			zap.String("address", l.name), zap.Error(err))
	}
}

// Abandon ends what was never among those of Hold: it closes it, or puts it back for
// the next Listen.
func (l *Listener) Abandon() error {
	if l.client.putBack(l) {
		return nil
	}
	return l.Close()
}
