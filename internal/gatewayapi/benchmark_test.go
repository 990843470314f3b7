// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"fmt"
	"testing"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/render"
)

// BenchmarkTranslate is a Gateway with 5,000 routes of two rules, each with a host.
func BenchmarkTranslate(b *testing.B) {
	c := readCase(b, "testdata/httproute/https-listener.yaml")
	s := c.snapshot
	pattern := s.HTTPRoutes[0]
	s.HTTPRoutes = nil
	for i := range 5000 {
		r := pattern.DeepCopy()
		r.Name = fmt.Sprintf("route-%04d", i)
		r.Spec.Hostnames = []gwv1.Hostname{gwv1.Hostname(fmt.Sprintf("host-%04d.example.org", i))}
		second := *r.Spec.Rules[0].DeepCopy()
		path := fmt.Sprintf("/path-%d", i)
		second.Matches[0].Path.Value = &path
		r.Spec.Rules = append(r.Spec.Rules, second)
		s.HTTPRoutes = append(s.HTTPRoutes, r)
	}
	b.Run("translate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if r := gatewayapi.Translate(s, c.options); len(r.Statuses.HTTPRoutes) != 5000 {
				b.Fatal("routes are missing")
			}
		}
	})
	result := gatewayapi.Translate(s, c.options)
	b.Run("render", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if c := render.Config(result.Gateways, render.Options{}); len(c.Routes) != 5000 {
				b.Fatal("routes are missing")
			}
		}
	})
}
