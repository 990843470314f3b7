// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const (
	// FDStoreName is the name of the container that holds the listening sockets of the
	// proxy while its container is killed and started again.
	FDStoreName = "fdstore"

	fdstoreVolume, fdstoreDirectory = "fdstore", "/run/kubera-fdstore"
	fdstoreSocket                   = fdstoreDirectory + "/socket"
)

var (
	// fdstoreSize is for a socket, which takes no room.
	fdstoreSize = resource.MustParse("1Mi")

	// A process that sleeps. What it needs of memory is the Go runtime and the tables of
	// the programs that are linked into it; there is no limit of the processor, by which
	// it would start late.
	fdstoreResources = corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("10m"),
			corev1.ResourceMemory: resource.MustParse("16Mi"),
		},
		Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("32Mi")},
	}
)

// fdstore is a sidecar, that is an init container that goes on (Kubernetes 1.29): it is
// there when the proxy starts, and ends when the proxy has drained.
func (b *builder) fdstore() corev1.Container {
	return corev1.Container{
		Name:            FDStoreName,
		Image:           b.params.Deployment.Image,
		ImagePullPolicy: b.params.Deployment.ImagePullPolicy,
		Args:            []string{"fdstore", "--socket=" + fdstoreSocket},
		RestartPolicy:   new(corev1.ContainerRestartPolicyAlways),
		Resources:       *fdstoreResources.DeepCopy(),
		SecurityContext: restricted(),
		VolumeMounts:    []corev1.VolumeMount{{Name: fdstoreVolume, MountPath: fdstoreDirectory}},
	}
}
