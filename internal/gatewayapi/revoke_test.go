// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/render"
)

// TestRevoked: what a Gateway comes to without its grants is the same whether it is
// translated without them, or was with them and they were revoked.
func TestRevoked(t *testing.T) {
	c := readCase(t, "testdata/gateway/revoked.yaml")
	translate := func() *gatewayapi.Gateway {
		return gatewayapi.Translate(c.snapshot, c.options).Gateways[0]
	}
	configOf := func(g *gatewayapi.Gateway) *config.Config {
		cfg := render.Config([]*gatewayapi.Gateway{g}, render.Options{})
		// Those that nothing uses any more do no harm.
		cfg.Backends, cfg.Version = nil, ""
		return cfg
	}
	grants := c.snapshot.ReferenceGrants
	if len(grants) < 5 {
		t.Fatalf("the case has %d grants", len(grants))
	}
	all := translate()
	before := configOf(all)
	if all.Revoked(grants) != all {
		t.Error("with all grants the Gateway is another")
	}
	for i, grant := range grants {
		left := append(append([]*gwv1.ReferenceGrant{}, grants[:i]...), grants[i+1:]...)
		c.snapshot.ReferenceGrants = left
		want, got := configOf(translate()), configOf(all.Revoked(left))
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("without the grant %s (-translated +revoked):\n%s", grant.Name, diff)
		}
		if cmp.Equal(before, got) {
			t.Errorf("without the grant %s nothing changed", grant.Name)
		}
	}
	c.snapshot.ReferenceGrants = nil
	if diff := cmp.Diff(configOf(translate()), configOf(all.Revoked(nil)), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("without any (-translated +revoked):\n%s", diff)
	}
	if diff := cmp.Diff(before, configOf(all)); diff != "" {
		t.Errorf("Revoked() modified the Gateway:\n%s", diff)
	}
}
