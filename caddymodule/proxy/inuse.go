// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import "github.com/kubera-dev/kubera/caddymodule/config"

// inUse are the IDs of the backends that requests, connections, datagrams or copies of
// requests go to. The others are named by shares without weight only.
func inUse(cfg *config.Config) map[string]bool {
	used := make(map[string]bool, len(cfg.Backends))
	mirrors := func(filters []config.Filter) {
		for i := range filters {
			if m := filters[i].Mirror; m != nil {
				used[m.Backend] = true
			}
		}
	}
	for i := range cfg.Routes {
		for j := range cfg.Routes[i].Rules {
			rule := &cfg.Routes[i].Rules[j]
			mirrors(rule.Filters)
			for k := range rule.Backends {
				if share := &rule.Backends[k]; share.Weight > 0 {
					used[share.Backend] = true
					mirrors(share.Filters)
				}
			}
		}
	}
	return used
}
