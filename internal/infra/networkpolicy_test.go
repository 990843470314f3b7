// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"bytes"
	"os"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
)

// peer is a pod from which somebody connects.
type peer struct{ namespace, pod labels.Set }

var (
	controllerPod = peer{labels.Set{corev1.LabelMetadataName: "kubera-system"}, labels.Set{
		"app.kubernetes.io/name": "kubera", "control-plane": "controller-manager", "pod-template-hash": "x",
	}}
	prometheus = peer{labels.Set{corev1.LabelMetadataName: "monitoring", "metrics": "enabled"}, labels.Set{"app": "prometheus"}}
	anybody    = peer{labels.Set{corev1.LabelMetadataName: "edge"}, controllerPod.pod}
	neighbour  = peer{controllerPod.namespace, labels.Set{"app.kubernetes.io/name": "kubera"}}
)

// admits does what a network does by the policy.
func admits(t *testing.T, policy *networkingv1.NetworkPolicy, from peer, to Port) bool {
	t.Helper()
	matches := func(selector *metav1.LabelSelector, set labels.Set) bool {
		s, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		return selector == nil || s.Matches(set)
	}
	for _, rule := range policy.Spec.Ingress {
		known := len(rule.From) == 0
		for _, f := range rule.From {
			known = known || matches(f.NamespaceSelector, from.namespace) && matches(f.PodSelector, from.pod)
		}
		open := len(rule.Ports) == 0
		for _, p := range rule.Ports {
			open = open || *p.Protocol == to.Protocol && p.Port.IntVal == to.Number
		}
		if known && open {
			return true
		}
	}
	return false
}

func policyOf(t *testing.T, in Input) *networkingv1.NetworkPolicy {
	t.Helper()
	objects, err := Objects(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if p, ok := o.(*networkingv1.NetworkPolicy); ok {
			return p
		}
	}
	return nil
}

func TestNetworkPolicy(t *testing.T) {
	in := inputs(t)["defaults"]
	tcp, udp := func(n int32) Port { return Port{n, corev1.ProtocolTCP} }, func(n int32) Port { return Port{n, corev1.ProtocolUDP} }
	in.Ports = []Port{tcp(443), udp(443), tcp(80)}
	in.Closing = []Port{tcp(8080), tcp(80)}
	policy := policyOf(t, in)
	if !labels.SelectorFromSet(policy.Spec.PodSelector.MatchLabels).Matches(labels.Set(deploymentOf(t, in).Spec.Template.Labels)) {
		t.Error("the policy is not for the pods")
	}
	for _, tc := range []struct {
		name string
		from peer
		to   Port
		want bool
	}{
		{"a listener", anybody, tcp(443), true},
		{"a listener of TCP, over UDP", anybody, udp(80), false},
		{"HTTP/3", anybody, udp(443), true},
		{"a listener that is gone", anybody, tcp(8080), true},
		{"no listener", anybody, tcp(8081), false},
		{"the controller", controllerPod, tcp(config.ControlPort), true},
		{"a pod with the controller's labels elsewhere", anybody, tcp(config.ControlPort), false},
		{"a pod beside the controller", neighbour, tcp(config.ControlPort), false},
		{"Prometheus at the control port", prometheus, tcp(config.ControlPort), false},
		{"Prometheus", prometheus, tcp(config.StatusPort), true},
		{"somebody who wants metrics", anybody, tcp(config.StatusPort), false},
	} {
		if got := admits(t, policy, tc.from, tc.to); got != tc.want {
			t.Errorf("%s: let in is %v", tc.name, got)
		}
	}
	if len(policy.Spec.PolicyTypes) != 1 || policy.Spec.PolicyTypes[0] != networkingv1.PolicyTypeIngress {
		t.Errorf("policy types are %v: where proxies go depends on the backends", policy.Spec.PolicyTypes)
	}

	in.Ports, in.Closing = nil, nil
	policy = policyOf(t, in)
	if admits(t, policy, anybody, tcp(443)) || !admits(t, policy, controllerPod, tcp(config.ControlPort)) {
		t.Error("without listeners, all ports are open, or the controller is shut out")
	}
}

// A new port is let through before clients are sent there, and before proxies listen.
func TestNetworkPolicyComesBeforeTheService(t *testing.T) {
	objects, err := Objects(inputs(t)["defaults"])
	if err != nil {
		t.Fatal(err)
	}
	seen := false
	for _, o := range objects {
		switch o.(type) {
		case *networkingv1.NetworkPolicy:
			seen = true
		case *corev1.Service, *appsv1.Deployment:
			if !seen {
				t.Errorf("%T comes first", o)
			}
		}
	}
}

func TestNoNetworkPolicy(t *testing.T) {
	off := inputs(t)["defaults"]
	off.Parameters.NetworkPolicy = &v1alpha1.NetworkPolicyParameters{Enabled: new(false)}
	never := inputs(t)["defaults"]
	never.ControllerNamespace = ""
	never.Parameters.NetworkPolicy = &v1alpha1.NetworkPolicyParameters{Enabled: new(true)}
	for name, in := range map[string]Input{"by parameters": off, "by the controller": never} {
		unwanted := 0
		for _, o := range Unwanted(in) {
			if _, ok := o.(*networkingv1.NetworkPolicy); ok {
				unwanted++
			}
		}
		if policyOf(t, in) != nil || unwanted != 1 {
			t.Errorf("off %s, there is a policy, or one from before is not removed", name)
		}
	}
}

// The labels that policies name are those of config/manager.
func TestControllerSelector(t *testing.T) {
	text, err := os.ReadFile("../../config/manager/manager.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var manager appsv1.Deployment
	if err := yaml.Unmarshal(bytes.TrimSpace(text), &manager); err != nil {
		t.Fatal(err)
	}
	if got := labels.Set(manager.Spec.Template.Labels); !labels.SelectorFromSet(ControllerSelector()).Matches(got) {
		t.Errorf("the controller's pods have labels %v", got)
	}
}
