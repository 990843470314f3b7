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

	It("loses as a proxy what was under way on it, and nothing else", func(ctx context.Context) {
		losesWhatWasUnderWay(ctx, proxies(ctx)[0])
	}, NodeTimeout(specTimeout))

	It("loses nothing as the descriptor store of a proxy, which holds again afterwards", func(ctx context.Context) {
		// Not the one above: the second time in ten minutes a kubelet lets a container wait.
		victim := proxies(ctx)[1]
		Expect(victim.Status.ContainerStatuses[0].RestartCount).To(BeZero())
		losesNothing(func() {
			killStore(ctx, victim)
			storeComesBack(ctx, victim)
		})
		losesWhatWasUnderWay(ctx, victim)
	}, NodeTimeout(specTimeout))
}

// losesWhatWasUnderWay kills a proxy.
func losesWhatWasUnderWay(ctx context.Context, victim corev1.Pod) {
	GinkgoHelper()
	var at time.Time
	r := under(func() {
		at = kill(ctx, victim)
		comesBack(ctx, victim)
	})
	expectLosses(r, at)
}

// expectLosses allows for what nobody could save of a proxy that was killed: requests
// and handshakes under way on it. Connections are neither refused nor late: they wait in
// the descriptor store. The signal takes a while to end the process, and clients a
// moment to see that it has.
func expectLosses(r reports, at time.Time) {
	GinkgoHelper()
	const moment = 100 * time.Millisecond
	failures := r.failures()
	ended := at.Add(time.Second)
	for _, f := range failures {
		if f.At.Before(ended) {
			ended = f.At
		}
	}
	for _, f := range failures {
		Expect(f.Kind).To(BeElementOf(load.Broken, load.Handshake), "%s", f)
		Expect(f.At.Add(-f.Took)).To(BeTemporally("<", ended.Add(moment)), "begun after the proxy had ended: %s", f)
	}
	AddReportEntry("of a proxy that was killed", fmt.Sprintf("%d were under way", len(failures)), ReportEntryVisibilityAlways)
}
