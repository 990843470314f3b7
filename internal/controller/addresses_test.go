// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	fakediscovery "k8s.io/client-go/discovery/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kubera-dev/kubera/internal/cluster"
)

func TestAddressesOf(t *testing.T) {
	ingress := func(list ...corev1.LoadBalancerIngress) corev1.ServiceStatus {
		return corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: list}}
	}
	for name, tc := range map[string]struct {
		spec    corev1.ServiceSpec
		status  corev1.ServiceStatus
		want    []string
		problem string
	}{
		"load balancer": {
			corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, ClusterIPs: []string{"10.0.0.1"}},
			ingress(corev1.LoadBalancerIngress{IP: "192.0.2.1"}, corev1.LoadBalancerIngress{Hostname: "lb.example.com"}),
			[]string{"IPAddress 192.0.2.1", "Hostname lb.example.com"}, "",
		},
		"load balancer without address": {
			corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, ClusterIPs: []string{"10.0.0.1"}}, ingress(), nil, "default/web-kubera",
		},
		"cluster IPs": {
			corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, ClusterIPs: []string{"10.0.0.1", "fd00::1"}}, ingress(),
			[]string{"IPAddress 10.0.0.1", "IPAddress fd00::1"}, "",
		},
		"node port": {
			corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, ClusterIPs: []string{"10.0.0.1"}}, ingress(), []string{"IPAddress 10.0.0.1"}, "",
		},
		"headless": {corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, ClusterIPs: []string{"None"}}, ingress(), nil, "no cluster IP"},
		"more than the API allows": {
			corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer}, ingress(make([]corev1.LoadBalancerIngress, 40)...), nil, "default/web-kubera",
		},
	} {
		t.Run(name, func(t *testing.T) {
			list, problem := addressesOf(&corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web-kubera"}, Spec: tc.spec, Status: tc.status,
			})
			var got []string
			for _, a := range list {
				got = append(got, string(*a.Type)+" "+a.Value)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if (problem != "") != (tc.problem != "") || !strings.Contains(problem, tc.problem) {
				t.Errorf("problem %q, want one about %q", problem, tc.problem)
			}
		})
	}
}

func discoveryOf(resources ...*metav1.APIResourceList) discovery.DiscoveryInterface {
	return &fakediscovery.FakeDiscovery{Fake: &clienttesting.Fake{Resources: resources}}
}

func kinds(groupVersion string, names ...string) *metav1.APIResourceList {
	list := &metav1.APIResourceList{GroupVersion: groupVersion}
	for _, name := range names {
		list.APIResources = append(list.APIResources, metav1.APIResource{Kind: name})
	}
	return list
}

func TestCheckKinds(t *testing.T) {
	own := kinds("gateway.kubera.dev/v1alpha1", "GatewayClassParameters", "GatewayParameters", "StaticResponseFilter", "AccessControlFilter")
	api := func(others ...cluster.Kind) *metav1.APIResourceList {
		names := []string{"GatewayClass", "Gateway", "HTTPRoute"}
		for _, kind := range others {
			names = append(names, string(kind))
		}
		return kinds("gateway.networking.k8s.io/v1", names...)
	}
	optional := cluster.OptionalKinds()
	for name, tc := range map[string]struct {
		discovery discovery.DiscoveryInterface
		absent    []cluster.Kind
		missing   []string
	}{
		"all":             {discoveryOf(api(optional...), own), nil, nil},
		"no grants":       {discoveryOf(api(slices.Delete(slices.Clone(optional), 0, 1)...), own), optional[:1], nil},
		"nothing more":    {discoveryOf(api(), own), optional, nil},
		"no routes":       {discoveryOf(kinds("gateway.networking.k8s.io/v1", "GatewayClass", "Gateway"), own), optional, []string{"HTTPRoute", "v1.6"}},
		"nothing of ours": {discoveryOf(api(optional...)), nil, []string{"GatewayParameters", "make install"}},
		"nothing":         {discoveryOf(), optional, []string{"GatewayClass", "StaticResponseFilter"}},
	} {
		t.Run(name, func(t *testing.T) {
			absent, err := CheckKinds(tc.discovery)
			for _, kind := range optional {
				if absent[kind] != slices.Contains(tc.absent, kind) {
					t.Errorf("%s: absent %v", kind, absent[kind])
				}
			}
			if (err != nil) != (tc.missing != nil) {
				t.Fatalf("error %v", err)
			}
			for _, word := range tc.missing {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %q", err, word)
				}
			}
		})
	}
}
