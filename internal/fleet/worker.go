// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// startFailures are failures that a pod is granted that has just come: it has an
// address before it listens.
const startFailures = 3

// worker keeps one pod up to date. All but signal, stop and state belongs to its
// goroutine.
type worker struct {
	fleet      *Fleet
	gateway    string
	serverName string
	pod        Pod
	stop       context.CancelFunc
	signal     chan struct{} // of capacity 1: the target may have changed
	state      podState      // guarded by Fleet.mu
	// since is when the first change came that the pod has not got, zero if it has all.
	// Guarded by Fleet.mu.
	since time.Time

	session
}

// start makes a worker and its goroutine, which ends by stop. Fleet.mu is held.
func (f *Fleet) start(id, serverName string, pod Pod) *worker {
	ctx, stop := context.WithCancel(f.ctx)
	w := &worker{
		fleet: f, gateway: id, serverName: serverName, pod: pod, stop: stop,
		signal: make(chan struct{}, 1),
		session: session{
			client: newClient(&f.options, serverName, pod.Address),
			count:  f.options.Metrics.Pushed,
		},
	}
	w.wake()
	f.wg.Go(func() { w.run(ctx) })
	return w
}

func (w *worker) wake() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

func (w *worker) run(ctx context.Context) {
	defer w.client.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.signal:
		case <-timer.C:
			w.unsure = true
		}
		want := w.fleet.want(w.gateway)
		if want == nil {
			timer.Reset(w.fleet.options.CheckInterval)
			continue
		}
		err := w.bring(ctx, want)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failures++
			level := slog.LevelWarn
			if w.held == nil && failures <= startFailures {
				level = slog.LevelDebug
			}
			w.fleet.options.Log.Log(ctx, level, "push failed", "gateway", w.gateway, "pod", w.pod.Name, "address", w.pod.Address, "error", err)
		} else {
			failures = 0
		}
		w.publish(want, err)
		timer.Reset(w.pause(failures))
	}
}

// pause is the time until the pod is looked at again if nothing happens before.
func (w *worker) pause(failures int) time.Duration {
	o := &w.fleet.options
	if failures == 0 {
		return jitter(o.CheckInterval, 5)
	}
	// Past 20 doublings every MaxBackoff is reached, and a shift would overflow.
	return jitter(min(o.MinBackoff<<min(failures-1, 20), o.MaxBackoff), 2)
}

// jitter varies d by up to one part in the given number, so that workers that
// failed together don't return together.
func jitter(d time.Duration, part int64) time.Duration {
	spread := int64(d) / part
	return d - time.Duration(spread) + time.Duration(rand.Int64N(2*spread+1))
}

// publish makes the outcome of an attempt visible in Report.
func (w *worker) publish(want *target, err error) {
	s := podState{tried: want, draining: w.status.Draining, version: w.status.Version, program: w.status.Program}
	if w.held != nil {
		s.version, s.omissions = w.held.origin, w.held.omissions
		s.generation = w.held.generation
		if w.held.origin == want.version {
			s.generation = want.generation
		}
	}
	if refusal, refused := errors.AsType[*config.Refusal](err); refused {
		s.refusal = refusal
	} else if err != nil {
		s.failure = err.Error()
	}
	f := w.fleet
	f.mu.Lock()
	changed := !w.state.equal(&s)
	w.state = s
	w.settle(want, err)
	f.mu.Unlock()
	if changed {
		f.options.Changed(w.gateway)
	}
}
