// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fakediscovery "k8s.io/client-go/discovery/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kubera-dev/kubera/internal/cluster"
)

func clusterWith(kinds ...string) *fakediscovery.FakeDiscovery {
	list := func(groupVersion string, kinds []string) *metav1.APIResourceList {
		l := &metav1.APIResourceList{GroupVersion: groupVersion}
		for _, kind := range kinds {
			l.APIResources = append(l.APIResources, metav1.APIResource{Kind: kind})
		}
		return l
	}
	return &fakediscovery.FakeDiscovery{Fake: &clienttesting.Fake{Resources: []*metav1.APIResourceList{
		list("gateway.networking.k8s.io/v1", append(kinds, "GatewayClass", "Gateway", "HTTPRoute")),
		list("gateway.kubera.dev/v1alpha1", []string{"GatewayClassParameters", "GatewayParameters", "StaticResponseFilter", "AccessControlFilter"}),
	}}}
}

func TestAwaitKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		absent := cluster.Absent{cluster.BackendTLSPolicy: true, cluster.TCPRoute: true}
		api := clusterWith("GRPCRoute")
		go func() { done <- awaitKinds(ctx, api, absent, time.Minute) }()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("it ended with %v, though nothing changed", err)
		default:
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("it ended with %v when it was told to", err)
		}

		err := awaitKinds(t.Context(), clusterWith("BackendTLSPolicy"), absent, time.Minute)
		if err == nil || !strings.Contains(err.Error(), "BackendTLSPolicy") {
			t.Errorf("got %v, want one about the kind that is new", err)
		}
	})
}
