// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
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
		if e, ok := errors.AsType[*newKindError](err); !ok || e.kind != cluster.BackendTLSPolicy {
			t.Errorf("got %v, want one about the kind that is new", err)
		}
	})
}

// changing is a cluster whose kinds change.
type changing struct {
	discovery.DiscoveryInterface
	now atomic.Pointer[fakediscovery.FakeDiscovery]
}

func (c *changing) have(resources []*metav1.APIResourceList) {
	c.now.Store(&fakediscovery.FakeDiscovery{Fake: &clienttesting.Fake{Resources: resources}})
}

func (c *changing) ServerResourcesForGroupVersion(groupVersion string) (*metav1.APIResourceList, error) {
	return c.now.Load().ServerResourcesForGroupVersion(groupVersion)
}

func TestAwaitRequiredKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := clusterWith("GRPCRoute").Resources
		api := &changing{}
		var reasons []string
		tell := func(reason string) { reasons = append(reasons, reason) }
		api.have(nil)
		done := make(chan cluster.Absent, 1)
		go func() {
			absent, err := awaitRequiredKinds(t.Context(), api, tell)
			if err != nil {
				t.Error(err)
			}
			done <- absent
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		api.have(all[:1])
		time.Sleep(time.Minute)
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("it did not wait for Kubera's own kinds")
		default:
		}
		api.have(all)
		if absent := <-done; absent[cluster.GRPCRoute] || !absent[cluster.TCPRoute] {
			t.Errorf("absent are %v", absent)
		}
		if len(reasons) != 2 || !strings.Contains(reasons[0], "HTTPRoute") || strings.Contains(reasons[1], "HTTPRoute") ||
			!strings.Contains(reasons[1], "AccessControlFilter") {
			t.Errorf("it told %q, want each reason once", reasons)
		}

		api.have(nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := awaitRequiredKinds(ctx, api, tell); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
