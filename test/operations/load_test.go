// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build operations

package operations

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/kubera-dev/kubera/test/load"
)

// loads go on for as long as the suite does: 200 requests a second on connections that
// are kept and 20 on their own, in sum.
var loads = map[string]*load.Load{}

func startLoads(ctx context.Context) {
	GinkgoHelper()
	address = programmed(ctx)
	secure := &tls.Config{RootCAs: authority.Pool(), ServerName: hostname}
	for name, options := range map[string]load.Options{
		"polite": {URL: "http://" + address + "/polite?delay=20ms", Rate: 120, Connections: 12, NewRate: 10},
		"plain":  {URL: "http://" + address + "/plain?delay=20ms", Rate: 50, Connections: 5, NewRate: 4},
		"abrupt": {URL: "http://" + address + "/abrupt?delay=20ms", Rate: 10, Connections: 2, NewRate: 1},
		"secure": {URL: "https://" + address + "/polite", TLS: secure, Rate: 20, Connections: 4, NewRate: 5},
	} {
		l, err := load.Start(options)
		Expect(err).NotTo(HaveOccurred())
		loads[name] = l
		DeferCleanup(func() { l.Stop() })
	}
}

// reports are those of the loads, by name.
type reports map[string]load.Report

func (r reports) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r)) {
		fmt.Fprintf(&b, "%s: %s\n", name, r[name])
	}
	return b.String()
}

func (r reports) failures() (all []load.Failure) {
	for _, report := range r {
		all = append(all, report.Failures...)
	}
	return all
}

// under does something under load, and then lets the load go on for as long as requests
// may be under way.
func under(what func()) reports {
	GinkgoHelper()
	for _, l := range loads {
		l.Restart()
	}
	start := time.Now()
	what()
	answered := func() map[string]int {
		counts := map[string]int{}
		for name, l := range loads {
			counts[name] = l.Report().Answered
		}
		return counts
	}
	before := answered()
	Eventually(func(g Gomega) {
		for name, n := range answered() {
			g.Expect(n).To(BeNumerically(">", before[name]+10), name)
		}
	}).Should(Succeed())
	r := reports{}
	for name, l := range loads {
		r[name] = l.Restart()
	}
	AddReportEntry(fmt.Sprintf("load for %s", time.Since(start).Round(time.Second)), r.String(), ReportEntryVisibilityAlways)
	// Whatever was late is not sent: a load that stands still would fail nothing.
	expected := int(time.Since(start).Seconds() * 200 * 0.5)
	all := 0
	for _, report := range r {
		all += report.Answered
	}
	Expect(all).To(BeNumerically(">", expected), "%s", r)
	return r
}

// losesNothing does something under load and expects every request to be answered.
func losesNothing(what func()) {
	GinkgoHelper()
	r := under(what)
	Expect(r.failures()).To(BeEmpty(), "%s", r)
}
