// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// attention is what was said in Events of one Gateway, so that it is not said again
// each time. It begins anew with the process.
type attention struct {
	expiries expiries
	troubles *troubles
}

// attend raises Events about what wants somebody's attention, and says after what time
// to look again, 0 for when something changes.
func (r *programmedReconciler) attend(p *program, gateway *gwv1.Gateway, reports []fleet.PodReport, pods []corev1.Pod) time.Duration {
	key := client.ObjectKeyFromObject(gateway)
	loaded, _ := r.attention.LoadOrStore(key, &attention{expiries: expiries{}, troubles: newTroubles()})
	of, ok := loaded.(*attention)
	if !ok {
		return 0
	}
	var listeners []*gatewayapi.Listener
	if p.served != nil {
		listeners = p.served.Listeners
	}
	now := r.now()
	of.troubles.announceRestarts(r.events, gateway, pods)
	return sooner(
		of.troubles.announceUnreachable(r.events, gateway, reachability{reports: reports, pods: pods, now: now}),
		of.expiries.announce(r.events, gateway, listeners, now),
	)
}
