// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/infra"
)

// unreachableAfter is how long a proxy may be out of reach before it is worth an Event.
// Nodes are restarted in less, and certificates are brought into pods.
const unreachableAfter = 2 * time.Minute

// troubles are what is known of the proxy pods of one Gateway that is not as it should
// be.
type troubles struct {
	// restarts of containers that were seen, by pod.
	restarts map[types.UID]int32
	// unreachable pods, by name.
	unreachable map[string]outOfReach
}

type outOfReach struct {
	since time.Time
	told  bool
}

func newTroubles() *troubles {
	return &troubles{restarts: map[types.UID]int32{}, unreachable: map[string]outOfReach{}}
}

// announceRestarts raises an Event on the Gateway for each pod whose container began
// anew since the last call. Of a pod that is new here only what comes is news.
func (t *troubles) announceRestarts(recorder events.EventRecorder, gateway *gwv1.Gateway, pods []corev1.Pod) {
	present := map[types.UID]int32{}
	for i := range pods {
		pod := &pods[i]
		status := containerOf(pod)
		if status == nil {
			continue
		}
		before, known := t.restarts[pod.UID]
		present[pod.UID] = status.RestartCount
		if known && status.RestartCount > before {
			recorder.Eventf(gateway, pod, corev1.EventTypeWarning, "ProxyRestarted", "Serve",
				"The container of pod %s ended (%s) and was started again; %d restarts so far", pod.Name, lastEnd(status), status.RestartCount)
		}
	}
	t.restarts = present
}

// containerOf is the status of the proxy's container, nil before there is one.
func containerOf(pod *corev1.Pod) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		if status := &pod.Status.ContainerStatuses[i]; status.Name == infra.ContainerName {
			return status
		}
	}
	return nil
}

// lastEnd says how a container ended before it began anew.
func lastEnd(status *corev1.ContainerStatus) string {
	ended := status.LastTerminationState.Terminated
	if ended == nil {
		return "reason unknown"
	}
	return fmt.Sprintf("%s, exit code %d", cmp.Or(ended.Reason, "Error"), ended.ExitCode)
}

// reachability is what is known of pods at a time.
type reachability struct {
	reports []fleet.PodReport
	pods    []corev1.Pod
	now     time.Time
}

// announceUnreachable raises an Event on the Gateway for each ready pod that is out of
// reach for long, once until it is reached, and says after what time to look again, 0
// for never.
func (t *troubles) announceUnreachable(recorder events.EventRecorder, gateway *gwv1.Gateway, r reachability) time.Duration {
	failures := map[string]string{}
	for i := range r.reports {
		failures[r.reports[i].Pod] = r.reports[i].Failure
	}
	present := map[string]outOfReach{}
	var again time.Duration
	for i := range r.pods {
		pod := &r.pods[i]
		failure := failures[pod.Name]
		if failure == "" || pod.DeletionTimestamp != nil || !isReady(pod) {
			continue
		}
		out, known := t.unreachable[pod.Name]
		if !known {
			out.since = r.now
		}
		switch rest := out.since.Add(unreachableAfter).Sub(r.now); {
		case out.told:
		case rest <= 0:
			out.told = true
			recorder.Eventf(gateway, pod, corev1.EventTypeWarning, "ProxyUnreachable", "Push",
				"Pod %s can't be told anything, and serves what it has: %s", pod.Name, failure)
		default:
			again = min(cmp.Or(again, rest), rest)
		}
		present[pod.Name] = out
	}
	t.unreachable = present
	return again
}
