// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func podOf(t *testing.T, patch string) corev1.PodSpec {
	t.Helper()
	in := inputs(t)["defaults"]
	if patch != "" {
		with := readInput(t, "{}\n---\nspec: {deployment: {patch: {spec: {template: {spec: "+patch+"}}}}}\n")
		in.Parameters = with.Parameters
	}
	return deploymentOf(t, in).Spec.Template.Spec
}

func TestTheProxyLooksForTheStoreWhereItIs(t *testing.T) {
	pod := podOf(t, "")
	store, proxy := pod.InitContainers[0], pod.Containers[0]
	if store.RestartPolicy == nil || *store.RestartPolicy != corev1.ContainerRestartPolicyAlways {
		t.Error("the proxy waits until the store has ended")
	}
	socket, ok := strings.CutPrefix(store.Args[1], "--socket=")
	if !ok || !slices.Contains(proxy.Env, corev1.EnvVar{Name: "KUBERA_FDSTORE", Value: socket}) {
		t.Errorf("the store is told %q, the proxy %v", store.Args, proxy.Env)
	}
	for _, c := range []corev1.Container{store, proxy} {
		if !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
			return strings.HasPrefix(socket, m.MountPath+"/") && !m.ReadOnly
		}) {
			t.Errorf("%s does not have the directory of %s", c.Name, socket)
		}
	}
}

// It holds descriptors; keys and the configuration are none of its business.
func TestTheStoreSeesNoKeys(t *testing.T) {
	if mounts := podOf(t, "").InitContainers[0].VolumeMounts; len(mounts) != 1 || mounts[0].Name != fdstoreVolume {
		t.Errorf("it has %v", mounts)
	}
}

func TestContainersArePatchedByName(t *testing.T) {
	pod := podOf(t, `{initContainers: [{name: fdstore, resources: {limits: {cpu: 10m}}}], containers: [{name: proxy, workingDir: /tmp}]}`)
	if len(pod.InitContainers) != 1 || pod.InitContainers[0].Resources.Limits.Cpu().String() != "10m" || len(pod.InitContainers[0].Args) == 0 {
		t.Errorf("the store is %+v", pod.InitContainers)
	}
	if len(pod.Containers) != 1 || pod.Containers[0].WorkingDir != "/tmp" {
		t.Errorf("the proxy is %+v", pod.Containers)
	}
	pod = podOf(t, `{initContainers: [{name: fdstore, $patch: delete}]}`)
	if len(pod.InitContainers) != 0 || len(pod.Containers) != 1 {
		t.Errorf("without the store: %+v", pod)
	}
}

func TestKubectlMeansTheProxy(t *testing.T) {
	const key = "kubectl.kubernetes.io/default-container"
	in := inputs(t)["defaults"]
	if got := deploymentOf(t, in).Spec.Template.Annotations[key]; got != ContainerName {
		t.Errorf("it means %q", got)
	}
	in.Parameters = readInput(t, "{}\n---\nspec: {deployment: {podAnnotations: {"+key+": other}}}\n").Parameters
	if got := deploymentOf(t, in).Spec.Template.Annotations[key]; got != "other" {
		t.Errorf("it means %q, the user another", got)
	}
}
