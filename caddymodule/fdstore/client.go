// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"maps"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"
)

// claimTime bounds how long the sockets of an earlier process wait for a configuration
// that has listeners for them. About as long as a Store holds them, who begins earlier.
const claimTime = DefaultHold

// Client is the side of the proxy. Its methods may be called concurrently. A nil Client
// is that of a process without a store.
type Client struct {
	path   string
	logger *zap.Logger

	mu sync.Mutex
	// inherited are sockets of an earlier process that nobody listens on yet; nil once
	// they are closed.
	inherited map[string]*net.TCPListener
	// kept are what the store is to hold, by version.
	kept    map[*Listener]struct{}
	version uint64
	// held is the newest version that a store has confirmed.
	held      uint64
	connected bool
	// news is closed and made anew when held or connected change.
	news chan struct{}

	changed    chan struct{} // capacity 1: version is another
	stop       chan struct{}
	background sync.WaitGroup
	expiry     *time.Timer
}

// Open gets the sockets of an earlier process from the store at path, for which it
// waits for a second at most. Without a store it goes on looking for one, in the
// background. Close ends it.
func Open(path string, logger *zap.Logger) *Client {
	c := &Client{
		path:    path,
		logger:  logger.With(zap.String("store", path)),
		news:    make(chan struct{}),
		changed: make(chan struct{}, 1),
		stop:    make(chan struct{}),
	}
	first, inherited, err := inherit(path)
	c.inherited, c.connected = inherited, err == nil
	if err != nil {
		c.logger.Warn("new connections are refused if this process is killed: no descriptor store", zap.Error(err))
	}
	c.expiry = time.AfterFunc(claimTime, c.expire)
	c.background.Go(func() { c.run(first) })
	return c
}

// Hold makes listeners what the store is to hold, instead of those before; it does not
// wait for it. They are the caller's to close, after Withdraw. Sockets of an earlier
// process that nobody listens on by the first Hold are closed.
func (c *Client) Hold(listeners []*Listener) {
	if c == nil {
		return
	}
	next := make(map[*Listener]struct{}, len(listeners))
	for _, l := range listeners {
		next[l] = struct{}{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.disinherit()
	if c.version > 0 && maps.Equal(next, c.kept) {
		return
	}
	c.keep(next)
}

// keep needs mu.
func (c *Client) keep(next map[*Listener]struct{}) {
	c.kept = next
	c.version++
	select {
	case c.changed <- struct{}{}:
	default: // it has not looked yet
	}
}

// expire gives up sockets of an earlier process if there was no Hold yet. The store, which
// may be told to hold them for longer, has to as well: nobody could bind their addresses.
func (c *Client) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.inherited) > 0 && c.version == 0 {
		c.keep(nil)
	}
	c.disinherit()
}

// disinherit needs mu.
func (c *Client) disinherit() {
	for address, ln := range c.inherited {
		c.logger.Info("closing a socket of an earlier process, no listener wants it", zap.String("address", address))
		ln.Close()
	}
	c.inherited = nil
}

// claim returns the socket of an earlier process, nil if there is none.
func (c *Client) claim(address string) *net.TCPListener {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ln := c.inherited[address]
	delete(c.inherited, address)
	return ln
}

// putBack undoes a claim, unless it is too late, or it was none.
func (c *Client) putBack(l *Listener) bool {
	if c == nil || !l.inherited {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inherited == nil {
		return false
	}
	c.inherited[l.name] = l.TCPListener
	return true
}

// confirmed waits until the store has what the last Hold has said. It is false if there
// is no store, or it does not say so within patience.
func (c *Client) confirmed() bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for version := c.version; c.held < version; {
		if !c.connected {
			return false
		}
		news := c.news
		c.mu.Unlock()
		select {
		case <-news:
		case <-timer.C:
			c.mu.Lock()
			return c.held >= version
		}
		c.mu.Lock()
	}
	return true
}

// Close ends the Client, having told the store what the last Hold has said. What that
// holds it goes on to hold for its time.
func (c *Client) Close() {
	if c == nil {
		return
	}
	c.confirmed()
	close(c.stop)
	c.background.Wait()
	c.expiry.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.disinherit()
}
