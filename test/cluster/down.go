// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/kubera-dev/kubera/test/cluster/host"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

func downCommand() *cobra.Command {
	var f nodeFlags
	c := &cobra.Command{
		Use:   "down",
		Short: "End the cluster, and remove all that it left but its logs",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return down(c.Context(), f.directory) },
	}
	f.state(c.Flags())
	return c
}

func down(ctx context.Context, directory string) error {
	state, err := layout.New(directory)
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("ending a cluster takes root: call this with sudo or as root")
	}
	was, err := host.Stop(ctx, state)
	if err != nil {
		return err
	}
	held, err := host.TryLock(state.Lock())
	if err != nil {
		return err
	}
	defer held.Close()
	if err := host.Clear(ctx, state, state.Logs()); err != nil {
		return err
	}
	if was {
		say("the cluster is down; its logs are in %s", state.Logs())
	} else {
		say("no cluster is up")
	}
	return nil
}
