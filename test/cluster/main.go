// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command cluster runs a Kubernetes cluster of one node on this machine, from
// programs that were built from source. "make cluster-up" calls it; CONTRIBUTING.md
// says how it is used.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "cluster",
		Short:         "A Kubernetes cluster of one node on this machine",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	root.AddCommand(checkCommand(), upCommand(), downCommand(), addressesCommand(), runCommand(), loadCommand(),
		stopCommand(), startCommand(),
		initCommand(), superviseCommand(), loadBalancersCommand())
	return root
}
