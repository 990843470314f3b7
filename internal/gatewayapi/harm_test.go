// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/render"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// TestNoRouteHarmsAnother puts the routes of all cases, good and bad ones, at the
// Gateway of one case: what that serves stays, to the byte, and a proxy takes it.
func TestNoRouteHarmsAnother(t *testing.T) {
	alone := readCase(t, "testdata/httproute/matching.yaml")
	before := gatewayapi.Translate(alone.snapshot, alone.options)

	together := *alone.snapshot
	for i, path := range goldenFiles(t) {
		for _, r := range readCase(t, path).snapshot.HTTPRoutes {
			stranger := r.DeepCopy()
			stranger.Namespace = "default"
			stranger.Name = fmt.Sprintf("stranger-%d-%s", i, r.Name)
			stranger.Spec.ParentRefs = []gwv1.ParentReference{{Name: "web"}}
			stranger.Spec.Hostnames = []gwv1.Hostname{"strangers.example.org"}
			together.HTTPRoutes = append(together.HTTPRoutes, stranger)
		}
	}
	if len(together.HTTPRoutes) < 50 {
		t.Fatalf("only %d routes", len(together.HTTPRoutes))
	}
	after := gatewayapi.Translate(&together, alone.options)
	checkStatuses(t, after)

	was, is := render.Config(before.Gateways, render.Options{}), render.Config(after.Gateways, render.Options{})
	checkConfig(t, is)
	if diff := cmp.Diff(was.Gateways, is.Gateways) + cmp.Diff(was.Listeners, is.Listeners); diff != "" {
		t.Errorf("the Gateway changed:\n%s", diff)
	}
	for _, r := range was.Routes {
		if diff := cmp.Diff(r, routeWith(is, r.ID)); diff != "" {
			t.Errorf("route %s changed:\n%s", r.ID, diff)
		}
	}
	for _, r := range alone.snapshot.HTTPRoutes {
		name := snapshot.NameOf(r)
		if diff := cmp.Diff(before.Statuses.HTTPRoutes[name], after.Statuses.HTTPRoutes[name]); diff != "" {
			t.Errorf("the status of route %s changed:\n%s", name, diff)
		}
	}
}

func routeWith(c *config.Config, id string) config.Route {
	for _, r := range c.Routes {
		if r.ID == id {
			return r
		}
	}
	return config.Route{}
}

// TestNoGatewayHarmsAnother translates the Gateways of all cases together: each
// comes out as it does alone.
func TestNoGatewayHarmsAnother(t *testing.T) {
	together := &snapshot.Snapshot{}
	var alone []*gatewayapi.Gateway
	for i, path := range goldenFiles(t) {
		c := readCase(t, path)
		if i == 0 {
			together.GatewayClasses, together.Secrets = c.snapshot.GatewayClasses, c.snapshot.Secrets
			together.Namespaces = c.snapshot.Namespaces
		}
		for _, g := range c.snapshot.Gateways {
			g.Name = fmt.Sprintf("%s-%d", g.Name, i)
			one := *together
			one.Gateways = []*gwv1.Gateway{g}
			alone = append(alone, gatewayapi.Translate(&one, gatewayapi.Options{ControllerName: controllerName}).Gateways...)
			together.Gateways = append(together.Gateways, g)
		}
	}
	result := gatewayapi.Translate(together, gatewayapi.Options{ControllerName: controllerName})
	models := map[string]*gatewayapi.Gateway{}
	for _, g := range result.Gateways {
		models[g.ID()] = g
	}
	if len(alone) < 50 || len(models) != len(alone) {
		t.Fatalf("%d Gateways alone, %d together", len(alone), len(models))
	}
	for _, g := range alone {
		if diff := cmp.Diff(g, models[g.ID()]); diff != "" {
			t.Errorf("Gateway %s differs (-alone +together):\n%s", g.ID(), diff)
		}
	}
}
