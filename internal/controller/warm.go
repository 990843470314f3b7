// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"sync/atomic"

	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// warming is a manager that knows when all that its controllers watch has been read,
// which they do also while another replica leads: whoever is warm takes over at once.
type warming struct {
	manager.Manager
	// pending controllers, and one more until all have been added.
	pending atomic.Int32
	warm    chan struct{}
}

func newWarming(m manager.Manager) *warming {
	w := &warming{Manager: m, warm: make(chan struct{})}
	w.pending.Store(1)
	return w
}

// warmable is a controller of controller-runtime.
type warmable interface {
	manager.Runnable
	manager.LeaderElectionRunnable
	Warmup(ctx context.Context) error
}

// warmed is a controller that says when it is warm.
type warmed struct {
	warmable
	done func()
}

// Add makes the manager run it.
func (w *warming) Add(r manager.Runnable) error {
	controller, ok := r.(warmable)
	if !ok {
		return w.Manager.Add(r)
	}
	w.pending.Add(1)
	return w.Manager.Add(&warmed{warmable: controller, done: w.finish})
}

func (w *warming) finish() {
	if w.pending.Add(-1) == 0 {
		close(w.warm)
	}
}

// Warmup returns when the controller has read what it watches.
func (w *warmed) Warmup(ctx context.Context) error {
	err := w.warmable.Warmup(ctx)
	if err == nil && ctx.Err() == nil {
		w.done()
	}
	return err
}

// tell calls f once when all controllers are warm. It is to be called once, after the
// last of them was added.
func (w *warming) tell(f func()) error {
	w.finish()
	return w.Manager.Add(EveryReplica(func(ctx context.Context) error {
		select {
		case <-ctx.Done():
		case <-w.warm:
			f()
		}
		return nil
	}))
}

// EveryReplica runs whether or not this replica leads.
type EveryReplica func(ctx context.Context) error

// Start runs it.
func (r EveryReplica) Start(ctx context.Context) error { return r(ctx) }

// NeedLeaderElection says that it does not.
func (r EveryReplica) NeedLeaderElection() bool { return false }
