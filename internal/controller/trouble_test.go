// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"

	"github.com/kubera-dev/kubera/internal/fleet"
)

// restarted is a pod whose proxy began anew so often.
func restarted(name string, times int32, ended *corev1.ContainerStateTerminated) corev1.Pod {
	pod := testPod(name, "True", false)
	pod.UID = types.UID(name)
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{
		{Name: "injected", RestartCount: 7},
		{Name: "proxy", RestartCount: times, LastTerminationState: corev1.ContainerState{Terminated: ended}},
	}
	return pod
}

func TestRestarts(t *testing.T) {
	memory := &corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137}
	known := newTroubles()
	for i, step := range []struct {
		pods []corev1.Pod
		want []string
	}{
		// What was before is not news.
		{[]corev1.Pod{restarted("a", 3, memory), testPod("starting", "False", false)}, nil},
		{[]corev1.Pod{restarted("a", 3, memory), restarted("b", 0, nil)}, nil},
		{[]corev1.Pod{restarted("a", 4, memory), restarted("b", 0, nil)}, []string{
			"Warning ProxyRestarted The container of pod a ended (OOMKilled, exit code 137) and was started again; 4 restarts so far",
		}},
		{[]corev1.Pod{restarted("a", 4, memory), restarted("b", 2, nil)}, []string{
			"Warning ProxyRestarted The container of pod b ended (reason unknown) and was started again; 2 restarts so far",
		}},
		{[]corev1.Pod{restarted("b", 3, &corev1.ContainerStateTerminated{ExitCode: 2})}, []string{
			"Warning ProxyRestarted The container of pod b ended (Error, exit code 2) and was started again; 3 restarts so far",
		}},
		{nil, nil},
	} {
		got := recorded(t, func(recorder events.EventRecorder) { known.announceRestarts(recorder, testGateway("1"), step.pods) })
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
	if len(known.restarts) != 0 {
		t.Errorf("pods that are gone are remembered: %v", known.restarts)
	}
}

func TestUnreachable(t *testing.T) {
	known := newTroubles()
	pods := []corev1.Pod{testPod("a", "True", false), testPod("b", "True", false), testPod("new", "False", false), testPod("old", "True", true)}
	look := func(at time.Duration, away ...string) (announced []string, again time.Duration) {
		reports := []fleet.PodReport{{Pod: "unknown", Failure: "no route"}}
		for i := range pods {
			report := fleet.PodReport{Pod: pods[i].Name}
			if slices.Contains(away, pods[i].Name) {
				report.Failure = "no route"
			}
			reports = append(reports, report)
		}
		all := recorded(t, func(recorder events.EventRecorder) {
			again = known.announceUnreachable(recorder, testGateway("1"), reachability{reports: reports, pods: pods, now: epoch.Add(at)})
		})
		for _, e := range all {
			_, text, _ := strings.Cut(e, "ProxyUnreachable Pod ")
			name, _, _ := strings.Cut(text, " ")
			announced = append(announced, name)
		}
		return announced, again
	}
	everybody := []string{"a", "b", "new", "old"}
	for _, step := range []struct {
		at    time.Duration
		away  []string
		want  []string
		again time.Duration
	}{
		{0, []string{"a"}, nil, 2 * time.Minute},
		{time.Minute, everybody, nil, time.Minute},
		{2 * time.Minute, everybody, []string{"a"}, time.Minute},
		{3 * time.Minute, everybody, []string{"b"}, 0},
		{9 * time.Minute, everybody, nil, 0},
		{10 * time.Minute, []string{"b"}, nil, 0}, // a is back
		{11 * time.Minute, []string{"a", "b"}, nil, 2 * time.Minute},
		{13 * time.Minute, []string{"a", "b"}, []string{"a"}, 0},
		{14 * time.Minute, nil, nil, 0},
	} {
		got, again := look(step.at, step.away...)
		if diff := cmp.Diff(step.want, got); diff != "" || again != step.again {
			t.Errorf("after %v: again after %v, want %v; announced (-want +got):\n%s", step.at, again, step.again, diff)
		}
	}
	if len(known.unreachable) != 0 {
		t.Errorf("pods that are back are remembered: %v", known.unreachable)
	}
}
