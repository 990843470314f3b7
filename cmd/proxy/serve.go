// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/control"
)

var serveCommand = caddycmd.Command{
	Name:  "serve",
	Short: "Serves what a controller pushes, until it is told to stop",
	Long: `
Opens the control port, over which configurations are pushed with mutual TLS,
and the status port, with /healthz, /readyz and /metrics in plain HTTP. Starts
with the configuration in the state file, if there is one.

On SIGTERM or SIGINT, /readyz answers 503 at once; everything is served for the
drain delay; then nothing new is accepted, and what is under way gets the drain
timeout to end.`,
	CobraFunc: func(cmd *cobra.Command) {
		var f serveFlags
		f.register(cmd.Flags())
		cmd.Args = cobra.NoArgs
		cmd.RunE = caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return serve(f) })
	},
}

// off turns a port, the state file, the descriptor store or the admin endpoint off.
const off = "off"

// fdstoreVariable is the environment variable that --fdstore defaults to. It is what pods
// have set, since a flag that an image of an earlier release does not know would keep it
// from starting.
const fdstoreVariable = "KUBERA_FDSTORE"

// serveFlags are the flags of the command.
type serveFlags struct {
	controlListen, controlDir, controlClientURI string
	statusListen, stateFile, bindHost           string
	fdstore                                     string
	admin                                       string
	drainDelay, drainTimeout                    time.Duration
}

func (f *serveFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.controlListen, "control-listen", fmt.Sprintf(":%d", config.ControlPort), `host:port of the control port, or "off"`)
	flags.StringVar(&f.controlDir, "control-dir", "/etc/kubera/control", "directory with tls.crt, tls.key and ca.crt of the control port; read again when they change")
	flags.StringVar(&f.controlClientURI, "control-client-uri", control.DefaultClientURI, "URI that the certificate of the controller names")
	flags.StringVar(&f.statusListen, "status-listen", fmt.Sprintf(":%d", config.StatusPort), `host:port of the status port, or "off"`)
	flags.StringVar(&f.stateFile, "state-file", "/run/kubera/config.json", `file that keeps the running configuration, or "off"; it holds private keys`)
	flags.StringVar(&f.fdstore, "fdstore", cmp.Or(os.Getenv(fdstoreVariable), off), `unix socket of "kubera-proxy fdstore", which has the listening sockets while this process is killed and started again, or "off"`)
	flags.StringVar(&f.bindHost, "bind-host", "", "host that listeners bind, all addresses if empty")
	flags.DurationVar(&f.drainDelay, "drain-delay", caddymodule.DefaultDrainDelay, "how long to go on serving after not being ready any more")
	flags.DurationVar(&f.drainTimeout, "drain-timeout", caddymodule.DefaultDrainTimeout, "how long requests and streams may then take to end")
	flags.StringVar(&f.admin, "admin", off, `path of the unix socket of Caddy's admin endpoint, or "off"`)
}

// boot describes the Caddy configuration that the flags ask for.
func (f *serveFlags) boot() (caddymodule.BootOptions, error) {
	delay, timeout := caddy.Duration(f.drainDelay), caddy.Duration(f.drainTimeout)
	o := caddymodule.BootOptions{App: caddymodule.App{
		BindHost: f.bindHost,
		Drain:    &caddymodule.Drain{Delay: &delay, Timeout: &timeout},
	}}
	if f.controlListen != off {
		o.App.Control = &caddymodule.Control{Listen: f.controlListen, Directory: f.controlDir, ClientURI: f.controlClientURI}
	}
	if f.statusListen != off {
		o.App.Status = &caddymodule.Status{Listen: f.statusListen}
	}
	if f.stateFile != off {
		o.App.StateFile = f.stateFile
	}
	if f.fdstore != off {
		o.App.FDStore = f.fdstore
	}
	if f.admin != off {
		if !strings.HasPrefix(f.admin, "/") {
			return o, errors.New(`--admin: an absolute path of a unix socket is wanted, or "off"`)
		}
		o.AdminSocket = f.admin
	}
	return o, nil
}

// serve returns only if it can't start. Caddy's signal handling ends the process.
func serve(f serveFlags) (int, error) {
	o, err := f.boot()
	if err != nil {
		return caddy.ExitCodeFailedStartup, err
	}
	boot, err := caddymodule.BootConfig(o)
	if err != nil {
		return caddy.ExitCodeFailedStartup, err
	}
	// The limit of the container. Without one there is nothing to heed.
	if _, err := memlimit.Set(memlimit.WithProvider(memlimit.FromCgroup)); err != nil {
		caddy.Log().Debug("no memory limit is set", zap.Error(err))
	}
	caddy.TrapSignals()
	if err := caddy.Load(boot, true); err != nil {
		return caddy.ExitCodeFailedStartup, fmt.Errorf("starting: %w", err)
	}
	select {}
}
