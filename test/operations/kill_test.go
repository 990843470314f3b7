// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build operations

package operations

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubera-dev/kubera/test/load"
)

func killing() {
	It("loses nothing as the controller that leads, and changes go on", func(ctx context.Context) {
		losesNothing(func() {
			leads, _ := leader(ctx)
			kill(ctx, leads)
			follows(ctx, "after the leader")
			comesBack(ctx, leads)
		})
	}, NodeTimeout(specTimeout))

	It("loses nothing as the controller that waits", func(ctx context.Context) {
		losesNothing(func() {
			_, waits := leader(ctx)
			kill(ctx, waits)
			follows(ctx, "after the one that waits")
			comesBack(ctx, waits)
		})
	}, NodeTimeout(specTimeout))

	It("loses nothing as a backend of a rule that tries again", func(ctx context.Context) {
		losesNothing(func() {
			victim := backendPods(ctx, "abrupt")[0]
			kill(ctx, victim)
			comesBack(ctx, victim)
		})
	}, NodeTimeout(specTimeout))

	It("loses as a proxy what was under way on it, and connections until it is away", func(ctx context.Context) {
		var at time.Time
		var victim corev1.Pod
		r := under(func() {
			victim = proxies(ctx)[0]
			at = kill(ctx, victim)
			comesBack(ctx, victim)
		})
		expectLosses(r, at)
	}, NodeTimeout(specTimeout))
}

// expectLosses allows for what nobody could save of a proxy that was killed: requests
// and handshakes under way on it, and new connections, which its node sends there until
// its container was started again, or the rules of the node know better.
func expectLosses(r reports, at time.Time) {
	GinkgoHelper()
	underWay, refused := 0, 0
	var last time.Duration
	for _, f := range r.failures() {
		switch f.Kind {
		case load.Broken, load.Handshake:
			underWay++
			Expect(f.At.Add(-f.Took)).To(BeTemporally("<", at), "begun after the proxy had ended: %s", f)
		case load.Refused:
			refused++
			last = max(last, f.At.Sub(at))
		default:
			Fail(f.String())
		}
	}
	Expect(last).To(BeNumerically("<", 15*time.Second))
	AddReportEntry("of a proxy that was killed", fmt.Sprintf("%d were under way, %d connections were refused, the last one after %s",
		underWay, refused, last.Round(10*time.Millisecond)), ReportEntryVisibilityAlways)
}
