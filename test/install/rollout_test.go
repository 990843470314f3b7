// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kubera-dev/kubera/internal/infra"
)

// replicas of the controller.
func replicas(ctx context.Context) int {
	GinkgoHelper()
	var deployment appsv1.Deployment
	Expect(k8s.Get(ctx, client.ObjectKey{Namespace: systemNamespace, Name: controllerName}, &deployment)).To(Succeed())
	return int(deployment.Status.ReadyReplicas)
}

// proxyImages are those of the pods of the Gateway "web", each once.
func proxyImages(ctx context.Context, namespace string) ([]string, error) {
	var list corev1.PodList
	if err := k8s.List(ctx, &list, client.InNamespace(namespace), client.MatchingLabels(infra.Selector("web"))); err != nil {
		return nil, err
	}
	var images []string
	for _, pod := range list.Items {
		images = append(images, pod.Spec.Containers[0].Image)
	}
	slices.Sort(images)
	return slices.Compact(images), nil
}

// runs waits until the controller and the proxies of the Gateway "web" are of a version,
// and the pods of any other have ended.
func runs(ctx context.Context, namespace, version string) {
	GinkgoHelper()
	for _, pods := range []struct {
		image string
		of    []client.ListOption
	}{
		{controllerImage, []client.ListOption{client.InNamespace(systemNamespace), client.MatchingLabels{"control-plane": "controller-manager"}}},
		{proxyImage, []client.ListOption{client.InNamespace(namespace), client.MatchingLabels(infra.Selector("web"))}},
	} {
		Eventually(func(g Gomega) {
			var list corev1.PodList
			g.Expect(k8s.List(ctx, &list, pods.of...)).To(Succeed())
			g.Expect(list.Items).NotTo(BeEmpty())
			for _, pod := range list.Items {
				g.Expect(pod.Spec.Containers[0].Image).To(Equal(pods.image+":"+version), pod.Name)
				g.Expect(ready(pod)).To(BeTrue(), pod.Name)
			}
		}).WithContext(ctx).WithTimeout(specTimeout / 2).Should(Succeed())
	}
}

func ready(pod corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
