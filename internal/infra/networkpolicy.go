// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// ControllerSelector are the labels by which the controller's pods are found in their
// namespace, however it is installed.
func ControllerSelector() map[string]string {
	return map[string]string{labelName: "kubera", "control-plane": "controller-manager"}
}

// wantsNetworkPolicy says whether the Gateway is to have one.
func (b *builder) wantsNetworkPolicy() bool {
	return b.controllerNamespace != "" && *b.params.NetworkPolicy.Enabled
}

// networkPolicy closes all ports but those that somebody is expected at. Probes come
// from the node, which no policy keeps out.
func (b *builder) networkPolicy() *networkingv1.NetworkPolicy {
	policy := &networkingv1.NetworkPolicy{
		TypeMeta:   typeMeta(networkingv1.SchemeGroupVersion, "NetworkPolicy"),
		ObjectMeta: b.objectMeta(nil),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: *b.labelSelector(),
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{
				{
					From: []networkingv1.NetworkPolicyPeer{{
						NamespaceSelector: labelled(map[string]string{corev1.LabelMetadataName: b.controllerNamespace}),
						PodSelector:       labelled(ControllerSelector()),
					}},
					Ports: policyPorts(Port{config.ControlPort, corev1.ProtocolTCP}),
				},
				{
					From:  []networkingv1.NetworkPolicyPeer{{NamespaceSelector: labelled(map[string]string{"metrics": "enabled"})}},
					Ports: policyPorts(Port{config.StatusPort, corev1.ProtocolTCP}),
				},
			},
		},
	}
	// A rule without ports would open all of them.
	if open := sorted(b.ports, b.closing); len(open) > 0 {
		policy.Spec.Ingress = append(policy.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{Ports: policyPorts(open...)})
	}
	return policy
}

func labelled(labels map[string]string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: labels}
}

func policyPorts(ports ...Port) []networkingv1.NetworkPolicyPort {
	out := make([]networkingv1.NetworkPolicyPort, 0, len(ports))
	for _, p := range ports {
		out = append(out, networkingv1.NetworkPolicyPort{Protocol: new(p.Protocol), Port: new(intstr.FromInt32(p.Number))})
	}
	return out
}
