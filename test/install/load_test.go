// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/kubera-dev/kubera/test/load"
)

// requests are a load on each of some paths, of which nothing may be lost.
type requests []*load.Load

// startRequests begins. They end with the spec.
func startRequests(address string, paths ...string) requests {
	GinkgoHelper()
	var all requests
	for _, path := range paths {
		l, err := load.Start(load.Options{URL: "http://" + address + path})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { l.Stop() })
		all = append(all, l)
	}
	return all
}

// goOn is called after each step under load: whatever was sent meanwhile was answered, and
// is so still.
func (r requests) goOn(ctx context.Context) {
	GinkgoHelper()
	for _, l := range r {
		now := l.Report().Answered
		Eventually(func() int { return l.Report().Answered }).WithContext(ctx).Should(BeNumerically(">", now+100))
		report := l.Restart()
		Expect(report.Failures).To(BeEmpty(), "%v", report)
		AddReportEntry("load", fmt.Sprint(report))
	}
}

// stop sends nothing more, before what answers is removed.
func (r requests) stop() {
	for _, l := range r {
		l.Stop()
	}
}
