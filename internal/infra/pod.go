// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/parameters"
)

const (
	// ContainerName is the name of the container with the proxy.
	ContainerName = "proxy"

	// The user and group of the proxy image.
	userID = 65532

	controlVolume, controlDirectory = "control", "/etc/kubera/control"
	stateVolume, stateDirectory     = "state", "/run/kubera"

	// exitAllowance is the time that a proxy gets to end after it drained, before
	// it is killed.
	exitAllowance = 5 * time.Second
)

// stateSize bounds the file with the last configuration, written anew beside the
// old one. It counts as memory of the container.
var stateSize = resource.MustParse("256Mi")

func (b *builder) podTemplate() corev1.PodTemplateSpec {
	d := b.params.Deployment
	delay, timeout := duration(d.Drain.Delay), duration(d.Drain.Timeout)
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels:      b.labels(d.PodLabels),
			Annotations: b.podAnnotations(),
		},
		Spec: corev1.PodSpec{
			ServiceAccountName:            b.name,
			AutomountServiceAccountToken:  new(false),
			EnableServiceLinks:            new(false),
			ImagePullSecrets:              d.ImagePullSecrets,
			NodeSelector:                  d.NodeSelector,
			Affinity:                      b.affinity(),
			Tolerations:                   d.Tolerations,
			TopologySpreadConstraints:     b.topologySpread(),
			TerminationGracePeriodSeconds: new(seconds(delay + timeout + exitAllowance)),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   new(true),
				RunAsUser:      new(int64(userID)),
				RunAsGroup:     new(int64(userID)),
				FSGroup:        new(int64(userID)),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
				// Listeners bind their own ports, 80 and 443 among them, without a
				// capability. A safe sysctl, which the restricted profile admits.
				Sysctls: []corev1.Sysctl{{Name: "net.ipv4.ip_unprivileged_port_start", Value: "0"}},
			},
			InitContainers: []corev1.Container{b.fdstore()},
			Containers:     []corev1.Container{b.container(delay, timeout)},
			Volumes: []corev1.Volume{
				{Name: controlVolume, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
					SecretName:  ControlSecretName(b.gateway.Name),
					DefaultMode: new(int32(0o440)),
				}}},
				// In memory, since the configuration holds private keys.
				{Name: stateVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
					Medium:    corev1.StorageMediumMemory,
					SizeLimit: new(stateSize.DeepCopy()),
				}}},
				// Not with the state, so that the keys in it are the proxy's alone.
				{Name: fdstoreVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
					Medium:    corev1.StorageMediumMemory,
					SizeLimit: new(fdstoreSize.DeepCopy()),
				}}},
			},
		},
	}
}

func (b *builder) container(delay, timeout time.Duration) corev1.Container {
	d := b.params.Deployment
	return corev1.Container{
		Name:            ContainerName,
		Image:           d.Image,
		ImagePullPolicy: d.ImagePullPolicy,
		// A proxy of the release before has to understand these, too: make test-skew.
		Args: []string{
			"serve",
			fmt.Sprintf("--control-listen=:%d", config.ControlPort),
			"--control-dir=" + controlDirectory,
			fmt.Sprintf("--status-listen=:%d", config.StatusPort),
			"--state-file=" + stateDirectory + "/config.json",
			"--drain-delay=" + delay.String(),
			"--drain-timeout=" + timeout.String(),
		},
		// Listener ports are not among them: they would restart the pods when a
		// listener comes or goes, and declaring them has no effect.
		Ports: []corev1.ContainerPort{
			{Name: "control", ContainerPort: config.ControlPort, Protocol: corev1.ProtocolTCP},
			{Name: "status", ContainerPort: config.StatusPort, Protocol: corev1.ProtocolTCP},
		},
		// Not a flag: an image of an earlier release would not start with it.
		Env:             []corev1.EnvVar{{Name: "KUBERA_FDSTORE", Value: fdstoreSocket}},
		Resources:       *d.Resources,
		SecurityContext: restricted(),
		ReadinessProbe:  probe("/readyz", 2),
		LivenessProbe:   probe("/healthz", 10),
		VolumeMounts: []corev1.VolumeMount{
			{Name: controlVolume, MountPath: controlDirectory, ReadOnly: true},
			{Name: stateVolume, MountPath: stateDirectory},
			{Name: fdstoreVolume, MountPath: fdstoreDirectory},
		},
	}
}

func restricted() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		ReadOnlyRootFilesystem:   new(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

func probe(path string, periodSeconds int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: path, Port: intstr.FromInt32(config.StatusPort), Scheme: corev1.URISchemeHTTP,
		}},
		PeriodSeconds:    periodSeconds,
		TimeoutSeconds:   2,
		SuccessThreshold: 1,
		FailureThreshold: 3,
	}
}

// DrainTimeout is how long the connections of a listener that is gone may take to end,
// by validated parameters.
func DrainTimeout(spec v1alpha1.GatewayParametersSpec) time.Duration {
	return duration(parameters.Defaults(spec).Deployment.Drain.Timeout)
}

// duration reads a duration of validated parameters.
func duration(d *gwv1.Duration) time.Duration {
	if d == nil {
		return 0
	}
	v, err := time.ParseDuration(string(*d))
	if err != nil {
		return 0
	}
	return v
}

// seconds rounds up.
func seconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}
