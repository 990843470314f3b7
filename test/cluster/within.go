// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"net/netip"
	"os"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/kubera-dev/kubera/test/cluster/control"
	"github.com/kubera-dev/kubera/test/cluster/layout"
	"github.com/kubera-dev/kubera/test/cluster/loadbalancer"
	"github.com/kubera-dev/kubera/test/cluster/node"
)

// The commands here are called by this program, within the node.

func initCommand() *cobra.Command {
	var f nodeFlags
	c := &cobra.Command{Use: "init", Hidden: true, Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		state, err := layout.New(f.directory)
		if err != nil {
			return err
		}
		return node.Init(state, append([]string{"supervise"}, f.arguments(state)...)...)
	}}
	f.add(c.Flags())
	return c
}

func superviseCommand() *cobra.Command {
	var f nodeFlags
	c := &cobra.Command{Use: "supervise", Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		n, err := f.node()
		if err != nil {
			return err
		}
		return node.Supervise(c.Context(), n, control.NewConn(os.NewFile(node.ControlDescriptor, "control")))
	}}
	f.add(c.Flags())
	return c
}

func loadBalancersCommand() *cobra.Command {
	var o loadbalancer.Options
	var pool string
	c := &cobra.Command{
		Use:   "load-balancers",
		Short: "Give addresses to the Services of type LoadBalancer of any cluster",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctrl.SetLogger(zap.New())
			var err error
			if o.Pool, err = netip.ParsePrefix(pool); err != nil {
				return err
			}
			return loadbalancer.Run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.Kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "way to the cluster")
	c.Flags().StringVar(&pool, "pool", "", "where addresses come from, such as 198.18.8.0/24")
	return c
}
