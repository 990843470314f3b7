// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/fleet"
)

// outdated is what a proxy of an earlier release is not told.
type outdated struct {
	// message is empty if every proxy is told everything.
	message string
	// closes is true if something is not served for it.
	closes bool
}

// outdatedProxy finds the pod that serves the Gateway with the least, if one is not
// told everything.
func outdatedProxy(reports []fleet.PodReport, pods []corev1.Pod) outdated {
	var worst outdated
	for _, report := range reports {
		if len(report.Omissions) == 0 || worst.closes {
			continue
		}
		at := slices.IndexFunc(pods, func(p corev1.Pod) bool { return p.Name == report.Pod })
		if at < 0 || !serves(&pods[at], report) {
			continue
		}
		if o := explain(report); o.closes || worst.message == "" {
			worst = o
		}
	}
	return worst
}

// explain names the worst omission, and how many there are.
func explain(report fleet.PodReport) outdated {
	first := report.Omissions[0]
	if i := slices.IndexFunc(report.Omissions, func(o config.Omission) bool { return o.Absence == config.Closes }); i >= 0 {
		first = report.Omissions[i]
	}
	more := ""
	if n := len(report.Omissions) - 1; n > 0 {
		more = fmt.Sprintf(", and %d more", n)
	}
	who := report.Pod
	if report.Program != "" {
		who += " (" + report.Program + ")"
	}
	return outdated{
		message: fmt.Sprintf("proxy %s is too old to be told everything: %s%s; give it the image of this release", who, first, more),
		closes:  first.Absence == config.Closes,
	}
}

// announceOutdated raises an Event, once for each thing that is left out.
func (r *programmedReconciler) announceOutdated(gateway *gwv1.Gateway, o outdated) {
	key := client.ObjectKeyFromObject(gateway)
	if o.message == "" {
		r.outdated.Delete(key)
		return
	}
	kind := corev1.EventTypeNormal
	if o.closes {
		kind = corev1.EventTypeWarning
	}
	if before, _ := r.outdated.Swap(key, o); before != o {
		r.events.Eventf(gateway, nil, kind, "ProxyOutdated", "Push", "%s", o.message)
	}
}
