// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Drain says how a Runtime stops serving.
type Drain struct {
	// Delay is how long everything is served as before, after the proxy has said
	// that it is not ready: the time that those who send traffic need to notice.
	// Answers ask clients to close their connections.
	Delay time.Duration
	// Timeout bounds how long requests and upgraded connections may then take to
	// end, while nothing new is accepted.
	Timeout time.Duration
}

// Drain stops serving and returns when all requests and streams have ended or
// were cut. It is not ready from the first moment on. Configurations are taken
// until the delay is over. A ctx that ends cuts everything short.
func (r *Runtime) Drain(ctx context.Context, d Drain) {
	r.draining.Store(true)
	r.engine.SetDraining(true)
	r.opts.Logger.Info("draining", zap.Duration("delay", d.Delay), zap.Duration("timeout", d.Timeout))
	if d.Delay > 0 {
		timer := time.NewTimer(d.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	// A configuration that is being applied is waited for, none follows it.
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { r.sockets.Shutdown(ctx) })
	wg.Go(func() { r.datagrams.Shutdown(ctx) })
	wg.Go(func() {
		if err := r.engine.CloseStreams(ctx); err != nil {
			r.opts.Logger.Warn("streams did not end in time", zap.Error(err))
		}
	})
	wg.Wait()
	r.opts.Logger.Info("drained")
}

// Close cuts whatever is still served, writes the state file, and returns when
// no goroutine of the Runtime is left.
func (r *Runtime) Close() {
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.engine.CloseStreams(ended) // that they were cut is what was asked for
	r.sockets.Close()
	r.datagrams.Close()
	r.engine.Close()
	if r.state != nil {
		r.state.Close()
	}
}
