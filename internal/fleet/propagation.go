// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"errors"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/metrics"
)

// resultOf tells what an error of a push is to be counted as.
func resultOf(err error) metrics.Result {
	_, refused := errors.AsType[*config.Refusal](err)
	switch {
	case err == nil:
		return metrics.Applied
	case errors.Is(err, errConflict):
		return metrics.Conflict
	case refused:
		return metrics.Refused
	}
	return metrics.Failed
}

// owe notes a change that the pod has to get. Fleet.mu is held.
func (w *worker) owe(t *target) {
	if w.since.IsZero() {
		w.since = t.made
	}
}

// settle counts the change that the pod has got with want. There may be none: a pod
// that comes, or comes back, gets what is known for long. A change that was refused
// never arrives. Fleet.mu is held.
func (w *worker) settle(want *target, err error) {
	if w.since.IsZero() || want.made.Before(w.since) {
		return
	}
	switch resultOf(err) {
	case metrics.Applied:
		w.fleet.options.Metrics.Propagated(time.Since(w.since))
	case metrics.Refused:
	default:
		return
	}
	w.since = time.Time{}
	// One that was forgotten meanwhile may be known again, and want nothing yet.
	if g := w.fleet.gateways[w.gateway]; g != nil && g.want != nil && !g.want.same(want) {
		w.since = g.want.made // which came during the push
	}
}
