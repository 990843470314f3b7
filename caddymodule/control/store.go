// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// calm is how long the files must not change before they are read: they are
// written one after the other.
const calm = 50 * time.Millisecond

// recheck is how often handshakes look at the files, in case the watch missed a
// change: volumes exist that report none.
const recheck = time.Second

var errNoCredentials = errors.New("the control port has no usable certificate yet")

// store keeps the credentials of a directory up to date.
type store struct {
	dir, clientURI string
	expires        func(time.Time)
	logger         *zap.Logger

	mu      sync.Mutex
	current *tls.Config // nil until the files are good for the first time
	// tried is the stamp of the files that were last read, good or bad.
	tried   stamp
	checked time.Time
}

func newStore(opts Options) *store {
	s := &store{
		dir: opts.Directory, clientURI: cmp.Or(opts.ClientURI, DefaultClientURI),
		expires: opts.Expires, logger: opts.Logger,
	}
	if s.expires == nil {
		s.expires = func(time.Time) {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.load()
	return s
}

// load reads the files, and keeps what it has if they are bad. It needs mu.
func (s *store) load() {
	s.checked = time.Now()
	s.tried = stampOf(s.dir)
	c, err := loadCredentials(s.dir, s.clientURI)
	if err != nil {
		s.logger.Error("the files of the control port can't be used", zap.Bool("keeping_old", s.current != nil), zap.Error(err))
		return
	}
	if s.current != nil {
		s.logger.Info("using new files for the control port")
	}
	s.current = c
	s.expires(c.Certificates[0].Leaf.NotAfter)
}

// refresh reads the files if they have changed.
func (s *store) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshLocked()
}

func (s *store) refreshLocked() {
	s.checked = time.Now()
	if stampOf(s.dir) != s.tried {
		s.load()
	}
}

// configForClient is for tls.Config.GetConfigForClient.
func (s *store) configForClient(*tls.ClientHelloInfo) (*tls.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.checked) >= recheck {
		s.refreshLocked()
	}
	if s.current == nil {
		return nil, errNoCredentials
	}
	return s.current, nil
}

// watch refreshes when something happens in the directory, until ctx ends.
func (s *store) watch(ctx context.Context) {
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer watcher.Close()
		err = watcher.Add(s.dir)
	}
	if err != nil {
		s.logger.Warn("the files of the control port are not watched; changes are found at the next connection", zap.Error(err))
		return
	}
	// What changed between the first load and the watch.
	s.refresh()
	changed := time.NewTimer(calm)
	defer changed.Stop()
	for {
		select {
		case <-watcher.Events:
			changed.Reset(calm)
		case err := <-watcher.Errors: // events were lost
			s.logger.Warn("watching the files of the control port", zap.Error(err))
			changed.Reset(calm)
		case <-changed.C:
			s.refresh()
		case <-ctx.Done():
			return
		}
	}
}
