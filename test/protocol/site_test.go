// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"net/http"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/loopback"
)

const (
	listenerID = "test/web/http"
	routeID    = "HTTPRoute/test/web"
	backendID  = "Service/test/app/80"
)

// site sends every request to one backend, but for what change makes of it.
func site(t *testing.T, backend string, change ...func(*config.Config)) *config.Config {
	t.Helper()
	cfg := &config.Config{
		Gateways:  []config.Gateway{{ID: "test/web"}},
		Listeners: []config.Listener{{ID: listenerID, Gateway: "test/web", Protocol: config.HTTP, Port: 80, Address: loopback.FreeAddress(t)}},
		Routes: []config.Route{{
			ID:          routeID,
			Attachments: []config.Attachment{{Listener: listenerID}},
			Rules:       []config.Rule{{Backends: []config.WeightedBackend{{Backend: backendID, Weight: 1}}}},
		}},
		Backends: []config.Backend{{ID: backendID, Endpoints: []config.Endpoint{{Address: backend}}}},
	}
	for _, f := range change {
		f(cfg)
	}
	return cfg
}

// forbidding answers 403 to all below a path, whoever asks.
func forbidding(prefix string) func(*config.Config) {
	return func(cfg *config.Config) {
		rule := cfg.Routes[0].Rules[0]
		rule.Matches = []config.Match{{Path: &config.PathMatch{Type: config.Prefix, Value: prefix}}}
		rule.Filters = []config.Filter{{AccessControl: &config.AccessControl{Deny: []string{"0.0.0.0/0", "::/0"}}}}
		cfg.Routes[0].Rules = append(cfg.Routes[0].Rules, rule)
	}
}

// limiting bounds what a client may ask for.
func limiting(limits config.Limits) func(*config.Config) {
	return func(cfg *config.Config) { cfg.Gateways[0].Limits = &limits }
}

// static is a rule that answers by itself.
func static(body string) config.Rule {
	return config.Rule{Filters: []config.Filter{{StaticResponse: &config.StaticResponse{Status: http.StatusOK, Body: []byte(body)}}}}
}
