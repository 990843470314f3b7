// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/fleet"
)

func TestOutdatedProxy(t *testing.T) {
	mild := config.Omission{Object: "default/web", Field: "tracing", Absence: config.Harmless}
	bad := config.Omission{Object: "HTTPRoute/default/web", Field: "rules[0].quota", Absence: config.Closes}
	report := func(pod, program string, omissions ...config.Omission) fleet.PodReport {
		return fleet.PodReport{Pod: pod, Program: program, Omissions: omissions}
	}
	const (
		mildly = "proxy a is too old to be told everything: default/web: tracing is left out; give it the image of this release"
		badly  = "proxy b (v0.1.0) is too old to be told everything: HTTPRoute/default/web: rules[0].quota is left out, and " +
			"what needs it is not served, and 1 more; give it the image of this release"
	)
	ready := func(names ...string) (pods []corev1.Pod) {
		for _, name := range names {
			pods = append(pods, testPod(name, "True", false))
		}
		return pods
	}
	for name, tc := range map[string]struct {
		reports []fleet.PodReport
		pods    []corev1.Pod
		want    outdated
	}{
		"none":            {[]fleet.PodReport{report("a", "v1")}, ready("a"), outdated{}},
		"a mild one":      {[]fleet.PodReport{report("a", "", mild), report("b", "v2")}, ready("a", "b"), outdated{mildly, false}},
		"the worst":       {[]fleet.PodReport{report("a", "", mild), report("b", "v0.1.0", mild, bad)}, ready("a", "b"), outdated{badly, true}},
		"the worst first": {[]fleet.PodReport{report("b", "v0.1.0", mild, bad), report("a", "", mild)}, ready("a", "b"), outdated{badly, true}},
		"one that ends":   {[]fleet.PodReport{report("a", "", mild)}, []corev1.Pod{testPod("a", "True", true)}, outdated{}},
		"one that is not": {[]fleet.PodReport{report("a", "", mild)}, nil, outdated{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, outdatedProxy(tc.reports, tc.pods), cmp.AllowUnexported(outdated{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestOutdatedIsAnnouncedOnce(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	r := &programmedReconciler{events: recorder}
	gateway := testGateway("1")
	for _, o := range []outdated{{}, {"less", false}, {"less", false}, {"closed", true}, {}, {"less", false}} {
		r.announceOutdated(gateway, o)
	}
	close(recorder.Events)
	var got []string
	for e := range recorder.Events {
		got = append(got, e)
	}
	want := []string{"Normal ProxyOutdated less", "Warning ProxyOutdated closed", "Normal ProxyOutdated less"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
