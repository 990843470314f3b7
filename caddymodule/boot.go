// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/logging" // the encoder that BootConfig names
)

// BootOptions describe the Caddy configuration of a proxy process. The zero
// value is that of a process that others drive by [Running]: no admin endpoint,
// no ports.
type BootOptions struct {
	// App is the gateway app.
	App App
	// AdminSocket is the path of the unix socket of Caddy's admin endpoint.
	// Default: none.
	AdminSocket string
	// LogLevel of what is not the app's, which has that of config.Config.
	// Default: INFO.
	LogLevel string
}

// BootConfig returns the Caddy JSON for o. It is small and stays the same while
// the process runs; what is served comes by pushes, unless o.App.Config has it.
// Caddy keeps no copy of it on disk.
func BootConfig(o BootOptions) ([]byte, error) {
	no := false
	admin := &caddy.AdminConfig{Disabled: true, Config: &caddy.ConfigSettings{Persist: &no}}
	if o.AdminSocket != "" {
		admin.Disabled = false
		admin.Listen = "unix/" + o.AdminSocket + "|0600"
	}
	app, err := json.Marshal(&o.App)
	if err != nil {
		return nil, fmt.Errorf("encoding the gateway app: %w", err)
	}
	data, err := json.Marshal(&caddy.Config{
		Admin:   admin,
		Logging: bootLogging(cmp.Or(o.LogLevel, "INFO")),
		AppsRaw: caddy.ModuleMap{processKey: app},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the Caddy configuration: %w", err)
	}
	return data, nil
}

// bootLogging writes JSON lines to standard error. The app's go through a log of
// their own that holds nothing back: the app does, by the level that is pushed.
func bootLogging(level string) *caddy.Logging {
	const app = processKey
	encoder := caddyconfig.JSONModuleObject(struct{}{}, "format", "json", nil)
	log := func(level string) *caddy.CustomLog {
		return &caddy.CustomLog{BaseLog: caddy.BaseLog{Level: level, EncoderRaw: encoder}}
	}
	rest := log(level)
	rest.Exclude = []string{app}
	own := log("DEBUG")
	own.Include = []string{app}
	return &caddy.Logging{Logs: map[string]*caddy.CustomLog{caddy.DefaultLoggerName: rest, app: own}}
}
