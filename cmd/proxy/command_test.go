// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/pflag"

	"github.com/kubera-dev/kubera/caddymodule"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestVersion(t *testing.T) {
	out, err := exec.Command(program, "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "v0.0.0-test ") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestRunServesAnInlineConfiguration(t *testing.T) {
	address := loopback.FreeAddress(t)
	data, err := caddymodule.BootConfig(caddymodule.BootOptions{
		App: caddymodule.App{Config: serving("", "inline", address), Drain: &caddymodule.Drain{Delay: new(caddy.Duration)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "caddy.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "run", "--config", file)
	eventually(t, "it serves", func() bool {
		code, body := get(t, "http://"+address)
		return code == http.StatusOK && body == "inline"
	})
	// Nothing is written where Caddy keeps its state.
	entries, err := os.ReadDir(p.cmd.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(p.cmd.Dir, e.Name(), "autosave.json")); err == nil {
			t.Error("Caddy saved the configuration")
		}
	}
}

func TestServeFailsReadably(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":       {[]string{"serve", "--no-such-flag"}, "no-such-flag"},
		"argument":           {[]string{"serve", "config.json"}, "config.json"},
		"relative admin":     {[]string{"serve", "--admin", "localhost:2019"}, "--admin"},
		"no port":            {[]string{"serve", "--control-listen", "off", "--status-listen", "localhost"}, "missing port"},
		"negative delay":     {[]string{"serve", "--control-listen", "off", "--status-listen", "off", "--drain-delay", "-1s"}, "negative"},
		"taken status port":  {[]string{"serve", "--control-listen", "off", "--status-listen", taken.Addr().String()}, "status port"},
		"taken control port": {[]string{"serve", "--status-listen", "off", "--control-listen", taken.Addr().String()}, "control port"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, append(tc.args, "--state-file=off")...)
			if code := p.exitCode(); code == 0 {
				t.Error("exit code 0")
			}
			if !strings.Contains(p.log.String(), tc.want) {
				t.Errorf("wrote %q, want something about %q", p.log, tc.want)
			}
		})
	}
}

func TestBoot(t *testing.T) {
	f := serveFlags{
		controlListen: ":1", controlDir: "/dir", controlClientURI: "spiffe://x/y", statusListen: ":2",
		stateFile: "/state", fdstore: "/store", bindHost: "host", admin: "/sock", drainDelay: 3, drainTimeout: 4,
	}
	o, err := f.boot()
	if err != nil {
		t.Fatal(err)
	}
	app, err := json.Marshal(&o.App)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"state_file":"/state","fdstore":"/store","control":{"listen":":1","directory":"/dir","client_uri":"spiffe://x/y"},` +
		`"status":{"listen":":2"},"drain":{"delay":3,"timeout":4},"bind_host":"host"}`
	if string(app) != want || o.AdminSocket != "/sock" {
		t.Errorf("got %s %s", app, o.AdminSocket)
	}

	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	t.Setenv(fdstoreVariable, "/by/environment")
	f = serveFlags{}
	f.register(flags)
	if f.fdstore != "/by/environment" {
		t.Errorf("--fdstore is %s", f.fdstore)
	}

	f = serveFlags{controlListen: off, statusListen: off, stateFile: off, fdstore: off, admin: off}
	if o, err = f.boot(); err != nil {
		t.Fatal(err)
	}
	if o.App.Control != nil || o.App.Status != nil || o.App.StateFile != "" || o.App.FDStore != "" || o.AdminSocket != "" {
		t.Errorf("got %+v", o)
	}
}
