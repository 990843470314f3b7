// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/kubera-dev/kubera/caddymodule"
	"github.com/kubera-dev/kubera/internal/standalone"
)

// defaultDrainTimeout is short: who stops a gateway on the command line waits for it.
const defaultDrainTimeout = 5 * time.Second

type runFlags struct {
	input
	bind         string
	echoes       []string
	admin        string
	status       string
	logLevel     string
	drainTimeout time.Duration
}

func runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run -f PATH [flags]",
		Short: "Serve Gateway API resources from files, without a cluster",
		Long: `Serves the Gateways in the files in this process, and applies what changes in the
files without losing a request. What it serves goes to standard output as curl
commands, what is wrong to standard error as FILE:LINE: KIND NAME: MESSAGE.

Backends are Services with EndpointSlices, whose addresses may be loopback ones, and
Services of type ExternalName, whose ports are those to connect to.

What is broken takes nothing out of service: an object that becomes invalid, the
objects of a document that can't be read any more, and a Gateway that is not accepted
any more, keep their last good form until the file is mended. What is taken out of
the files is not served any more.

Listeners are bound to 127.0.0.1, so that nobody else can reach what is tried out;
--bind 0.0.0.0 or --bind :: lets others in. All Gateways share that address: a port
belongs to the oldest Gateway that has it.

SIGINT or SIGTERM lets requests end for the drain timeout; a second one does not.

Exit codes: 0 stopped by a signal, 1 there was nothing to serve, 2 the command line
is wrong.`,
		Example: `  kubera run -f examples/quickstart --port-offset 8000 --echo stable=127.0.0.1:9001
  kubera run -f gateway.yaml -f routes/ --bind 0.0.0.0
  generate | kubera run -f -`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.bind, "bind", "127.0.0.1", "IP address that listeners are bound to")
	flags.StringArrayVar(&f.echoes, "echo", nil, "NAME=HOST:PORT, run a backend there that answers with what it got; may be repeated")
	flags.StringVar(&f.admin, "admin", "", "path of a unix socket for Caddy's admin endpoint (default none)")
	flags.StringVar(&f.status, "status", "", "HOST:PORT for /readyz, /healthz and /metrics (default none)")
	flags.StringVar(&f.logLevel, "log-level", "warn", "debug, info, warn or error; the log goes to standard error")
	flags.DurationVar(&f.drainTimeout, "drain-timeout", defaultDrainTimeout, "how long requests may take to end after a signal")
	return cmd
}

func (f *runFlags) check() error {
	if net.ParseIP(f.bind) == nil {
		return usageError{fmt.Errorf("--bind %s: must be an IP address", f.bind)}
	}
	if f.status != "" {
		if err := checkAddress("--status "+f.status, "HOST:PORT", f.status); err != nil {
			return err
		}
	}
	if f.admin != "" && !strings.HasPrefix(f.admin, "/") {
		return usageError{fmt.Errorf("--admin %s: must be the absolute path of a unix socket", f.admin)}
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, f.logLevel) {
		return usageError{fmt.Errorf("--log-level %s: must be debug, info, warn or error", f.logLevel)}
	}
	if f.drainTimeout < 0 {
		return usageError{errors.New("--drain-timeout must not be negative")}
	}
	return nil
}

func (f *runFlags) run(cmd *cobra.Command) error {
	if err := f.check(); err != nil {
		return err
	}
	loader, err := f.loader(cmd)
	if err != nil {
		return err
	}
	echoes, err := parseEchoes(f.echoes)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	backends, err := startEchoes(ctx, echoes)
	if err != nil {
		return err
	}
	defer backends.stop()

	boot, err := f.boot()
	if err != nil {
		return err
	}
	if err := caddy.Load(boot, true); err != nil {
		return fmt.Errorf("starting Caddy: %w", err)
	}
	runtime, ok := caddymodule.Running()
	if !ok {
		return errors.New("starting Caddy: the gateway app does not run")
	}
	f.options.LogLevel = f.logLevel
	p := progress{
		out:  newPrinter(cmd.OutOrStdout()),
		err:  newPrinter(cmd.ErrOrStderr()),
		bind: f.bind, echoes: echoes,
	}
	server := &standalone.Server{Loader: loader, Options: f.options, Runtime: runtime, Report: p.report}
	err = server.Run(ctx)
	if ctx.Err() != nil {
		p.out.line("Stopping, requests get %s to end.", f.drainTimeout)
	}
	return errors.Join(err, caddy.Stop())
}

// boot is the Caddy configuration without anything to serve.
func (f *runFlags) boot() ([]byte, error) {
	delay, timeout := caddy.Duration(0), caddy.Duration(f.drainTimeout)
	o := caddymodule.BootOptions{
		App: caddymodule.App{
			BindHost: f.bind,
			Drain:    &caddymodule.Drain{Delay: &delay, Timeout: &timeout},
		},
		AdminSocket: f.admin,
		LogLevel:    caddyLevel(f.logLevel),
	}
	if f.status != "" {
		o.App.Status = &caddymodule.Status{Listen: f.status}
	}
	return caddymodule.BootConfig(o)
}

// caddyLevel is the level of what Caddy says of itself. Its warnings, such as that
// of an admin endpoint that is turned off, are no news to who asked for it.
func caddyLevel(level string) string {
	if level == "warn" {
		level = "error"
	}
	return strings.ToUpper(level)
}
