// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/fdstore"
)

var fdstoreCommand = caddycmd.Command{
	Name:  "fdstore",
	Short: "Holds the listening sockets of a proxy while that is killed and started again",
	Long: `
Holds duplicates of the TCP sockets that "kubera-proxy serve --fdstore" listens
on, so that new connections wait for the next process instead of being refused.
Runs in a container of its own in the pod of the proxy, until SIGTERM or SIGINT.`,
	CobraFunc: func(cmd *cobra.Command) {
		var f fdstoreFlags
		f.register(cmd.Flags())
		cmd.Args = cobra.NoArgs
		cmd.RunE = caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) {
			if err := f.run(cmd); err != nil {
				return caddy.ExitCodeFailedStartup, err
			}
			return caddy.ExitCodeSuccess, nil
		})
	},
}

// fdstoreFlags are the flags of the command.
type fdstoreFlags struct {
	socket string
	hold   time.Duration
}

func (f *fdstoreFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.socket, "socket", "/run/kubera-fdstore/socket", "path of the unix socket to open")
	flags.DurationVar(&f.hold, "hold", fdstore.DefaultHold, "how long sockets are held for a proxy that is gone; then they are closed")
}

// run returns when the process is told to end.
func (f *fdstoreFlags) run(cmd *cobra.Command) error {
	if f.hold <= 0 {
		return errors.New("--hold: a positive duration is wanted")
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	logger := caddy.Log().Named("fdstore")
	// The limit of the container. Without one there is nothing to heed.
	if _, err := memlimit.Set(memlimit.WithProvider(memlimit.FromCgroup)); err != nil {
		logger.Debug("no memory limit is set", zap.Error(err))
	}
	s, err := fdstore.Listen(fdstore.StoreOptions{Path: f.socket, Hold: f.hold, Logger: logger})
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	logger.Info("waiting for a proxy", zap.String("socket", f.socket))
	return s.Serve(ctx)
}
