// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// installed reads an object of config/, which knows the proxies by their labels and ports.
func installed(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile("../../config/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// letsOut does what a network does by a policy, to a pod of any namespace.
func letsOut(t *testing.T, policy *networkingv1.NetworkPolicy, pod labels.Set, port int32) bool {
	t.Helper()
	matches := func(selector *metav1.LabelSelector, set labels.Set) bool {
		s, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		return s.Matches(set)
	}
	for _, rule := range policy.Spec.Egress {
		known := len(rule.To) == 0
		for _, to := range rule.To {
			known = known || matches(to.NamespaceSelector, labels.Set{corev1.LabelMetadataName: "edge"}) && matches(to.PodSelector, pod)
		}
		open := len(rule.Ports) == 0
		for _, p := range rule.Ports {
			open = open || *p.Protocol == corev1.ProtocolTCP && p.Port.IntVal == port
		}
		if known && open {
			return true
		}
	}
	return false
}

// No test cluster enforces policies: one that shuts the controller in would be noticed in
// clusters of others only.
func TestControllerReachesProxies(t *testing.T) {
	var policy networkingv1.NetworkPolicy
	installed(t, "network-policy/allow-egress.yaml", &policy)
	if want := labels.Set(ControllerSelector()); !labels.Equals(policy.Spec.PodSelector.MatchLabels, want) {
		t.Errorf("the policy is for %v, want %v", policy.Spec.PodSelector.MatchLabels, want)
	}
	proxy := labels.Set(deploymentOf(t, inputs(t)["defaults"]).Spec.Template.Labels)
	for _, tc := range []struct {
		name string
		pod  labels.Set
		port int32
		want bool
	}{
		{"the control port of a proxy", proxy, config.ControlPort, true},
		{"the status port of a proxy", proxy, config.StatusPort, false},
		{"a listener of a proxy", proxy, 80, false},
		{"the control port's number at another pod", labels.Set{"app": "shop"}, config.ControlPort, false},
		{"an API server", labels.Set{}, 6443, true},
	} {
		if got := letsOut(t, &policy, tc.pod, tc.port); got != tc.want {
			t.Errorf("%s: let out is %v", tc.name, got)
		}
	}
}

func TestMonitorFindsProxies(t *testing.T) {
	var monitor struct {
		Spec struct {
			PodMetricsEndpoints []struct{ Port string }
			PodTargetLabels     []string
			Selector            metav1.LabelSelector
		}
	}
	installed(t, "prometheus/proxies/monitor.yaml", &monitor)
	template := deploymentOf(t, inputs(t)["defaults"]).Spec.Template
	selector, err := metav1.LabelSelectorAsSelector(&monitor.Spec.Selector)
	if err != nil || selector.Empty() || !selector.Matches(labels.Set(template.Labels)) {
		t.Errorf("%v does not select pods with %v (%v)", selector, template.Labels, err)
	}
	for _, name := range monitor.Spec.PodTargetLabels {
		if template.Labels[name] == "" {
			t.Errorf("pods have no label %s", name)
		}
	}
	ports := map[string]int32{}
	for _, port := range template.Spec.Containers[0].Ports {
		ports[port.Name] = port.ContainerPort
	}
	if e := monitor.Spec.PodMetricsEndpoints; len(e) != 1 || ports[e[0].Port] != config.StatusPort {
		t.Errorf("metrics are read at %v, the ports are %v", e, ports)
	}
}
