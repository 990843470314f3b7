// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func sample() *config.Config {
	return &config.Config{
		Version:  "v",
		Gateways: []config.Gateway{{ID: "n/g"}},
		Listeners: []config.Listener{
			{ID: "n/g/a", Gateway: "n/g", Protocol: config.HTTP, Port: 80},
			{ID: "n/g/b", Gateway: "n/g", Protocol: config.HTTPS, Port: 443, TLS: &config.ListenerTLS{Certificates: []string{"Secret/n/x", "Secret/n/y"}}},
		},
		Routes: []config.Route{
			{ID: "HTTPRoute/n/one", Attachments: []config.Attachment{{Listener: "n/g/a"}}},
			{ID: "HTTPRoute/n/both", Attachments: []config.Attachment{{Listener: "n/g/a"}, {Listener: "n/g/b"}}},
		},
		Certificates: []config.Certificate{{ID: "Secret/n/x"}, {ID: "Secret/n/y"}},
	}
}

func TestWithout(t *testing.T) {
	for name, test := range map[string]struct {
		id     string
		change func(*config.Config)
	}{
		"a listener goes with routes that have no other": {"n/g/a", func(c *config.Config) {
			c.Listeners = c.Listeners[1:]
			c.Routes = []config.Route{{ID: "HTTPRoute/n/both", Attachments: []config.Attachment{{Listener: "n/g/b"}}}}
		}},
		"a route": {"HTTPRoute/n/both", func(c *config.Config) { c.Routes = c.Routes[:1] }},
		"a certificate leaves the listeners": {"Secret/n/x", func(c *config.Config) {
			c.Certificates = c.Certificates[1:]
			c.Listeners[1].TLS = &config.ListenerTLS{Certificates: []string{"Secret/n/y"}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			want := sample()
			want.Version = ""
			test.change(want)
			given := sample()
			have, ok := without(given, test.id)
			if !ok {
				t.Fatal("not left out")
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("(-want +have)\n%s", diff)
			}
			if diff := cmp.Diff(sample(), given); diff != "" {
				t.Errorf("the given configuration was changed\n%s", diff)
			}
		})
	}
	if _, ok := without(sample(), "HTTPRoute/n/unknown"); ok {
		t.Error("something unknown was left out")
	}
	if _, ok := without(sample(), ""); ok {
		t.Error("nothing was left out")
	}
}
