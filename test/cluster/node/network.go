// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"context"
	"fmt"
	"os"

	"github.com/kubera-dev/kubera/test/cluster/address"
	"github.com/kubera-dev/kubera/test/cluster/host"
)

// network sets up the node's end of the link. There is no default route, so that
// what goes elsewhere than the cluster and the machine fails at once. Addresses of
// Services and load balancers need a route although kube-proxy's rules replace them:
// the kernel looks for one first.
func network(ctx context.Context, block address.Block) error {
	for _, arguments := range [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", block.Node.String(), "dev", host.NodeLink},
		{"link", "set", host.NodeLink, "up"},
		{"route", "add", block.All.String(), "via", block.Host.Addr().String(), "dev", host.NodeLink},
	} {
		if err := host.IP(ctx, arguments...); err != nil {
			return err
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o600); err != nil {
		return fmt.Errorf("forward between pods: %w", err)
	}
	return nil
}
