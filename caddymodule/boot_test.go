// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"
)

func TestBootConfig(t *testing.T) {
	delay := caddy.Duration(5 * time.Second)
	for _, tc := range []struct {
		name    string
		options BootOptions
		want    string
	}{
		{
			name: "driven from within",
			want: `{
				"admin": {"disabled": true, "config": {"persist": false}},
				"logging": {"logs": {
					"default": {"level": "INFO", "encoder": {"format": "json"}, "exclude": ["gateway"]},
					"gateway": {"level": "DEBUG", "encoder": {"format": "json"}, "include": ["gateway"]}
				}},
				"apps": {"gateway": {}}
			}`,
		},
		{
			name: "in a pod",
			options: BootOptions{
				AdminSocket: "/run/kubera/admin.sock",
				LogLevel:    "WARN",
				App: App{
					StateFile: "/run/kubera/config.json",
					Control:   &Control{Listen: ":19443", Directory: "/etc/kubera/control"},
					Status:    &Status{Listen: ":19090"},
					Drain:     &Drain{Delay: &delay},
				},
			},
			want: `{
				"admin": {"listen": "unix//run/kubera/admin.sock|0600", "config": {"persist": false}},
				"logging": {"logs": {
					"default": {"level": "WARN", "encoder": {"format": "json"}, "exclude": ["gateway"]},
					"gateway": {"level": "DEBUG", "encoder": {"format": "json"}, "include": ["gateway"]}
				}},
				"apps": {"gateway": {
					"state_file": "/run/kubera/config.json",
					"control": {"listen": ":19443", "directory": "/etc/kubera/control"},
					"status": {"listen": ":19090"},
					"drain": {"delay": 5000000000}
				}}
			}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data, err := BootConfig(tc.options)
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(tc.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			var cfg caddy.Config
			if err := json.Unmarshal(data, &cfg); err != nil {
				t.Fatal(err)
			}
			if err := caddy.Validate(&cfg); err != nil {
				t.Error(err)
			}
		})
	}
}
