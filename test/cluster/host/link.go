// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package host

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kubera-dev/kubera/test/cluster/address"
)

// NodeLink is the name of the link at the node's end.
const NodeLink = "eth0"

// blocksLock keeps two clusters from choosing the same addresses.
const blocksLock = "/run/lock/kubera-test-clusters"

// FreeBlock returns the number of a block that no link of the machine has an address
// of, and the lock that keeps it free until the link is there.
func FreeBlock() (int, *os.File, error) {
	held, err := Lock(blocksLock)
	if err != nil {
		return 0, nil, err
	}
	number, err := freeBlock()
	if err != nil {
		held.Close()
		return 0, nil, err
	}
	return number, held, nil
}

func freeBlock() (int, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return 0, err
	}
	taken := map[int]bool{}
	for _, a := range addresses {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		if number, ok := address.Number(prefix.Addr()); ok {
			taken[number] = true
		}
	}
	for number := range address.Blocks {
		if !taken[number] {
			return number, nil
		}
	}
	return 0, fmt.Errorf("%d test clusters are up on this machine, and there are no addresses for more", address.Blocks)
}

// Connect makes the link from the machine to the network namespace of a process,
// and sends traffic to the cluster's addresses there. The link goes when the
// namespace does.
func Connect(ctx context.Context, name string, pid int, block address.Block) error {
	for _, arguments := range [][]string{
		{"link", "add", name, "type", "veth", "peer", "name", NodeLink, "netns", strconv.Itoa(pid)},
		{"address", "add", block.Host.String(), "dev", name},
		{"link", "set", name, "up"},
		{"route", "add", block.All.String(), "via", block.Node.Addr().String(), "dev", name},
	} {
		if err := IP(ctx, arguments...); err != nil {
			return err
		}
	}
	// Nothing that comes from the node goes beyond this machine, even if that is a router.
	path := filepath.Join("/proc/sys/net/ipv4/conf", name, "forwarding")
	if err := os.WriteFile(path, []byte("0"), 0o600); err != nil {
		return fmt.Errorf("confine the link: %w", err)
	}
	return nil
}

// Disconnect removes the link at both ends. It would go with the node's namespace,
// but that stays as long as the kernel tries to send the last segments of
// connections whose processes have ended: minutes, when the peers have ended too.
func Disconnect(ctx context.Context, name string) error {
	if !Connected(name) {
		return nil
	}
	// It may have gone by itself meanwhile.
	if err := IP(ctx, "link", "delete", name); err != nil && Connected(name) {
		return err
	}
	return nil
}

// Connected tells whether the link is there.
func Connected(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

// IP runs ip(8).
func IP(ctx context.Context, arguments ...string) error {
	out, err := exec.CommandContext(ctx, "ip", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
