// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"strconv"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/kubera-dev/kubera/test/cluster/address"
	"github.com/kubera-dev/kubera/test/cluster/component"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// nodeFlags are what all commands that concern a node are told.
type nodeFlags struct {
	directory string
	programs  layout.Programs
	// block is told to the commands within the node only.
	block int
}

func (f *nodeFlags) state(flags *pflag.FlagSet) {
	flags.StringVar(&f.directory, "state", "bin/cluster", "directory of the cluster")
}

func (f *nodeFlags) add(flags *pflag.FlagSet) {
	f.state(flags)
	flags.StringVar(&f.programs.Kubernetes, "kubernetes", "", "directory with Kubernetes' components and etcd")
	flags.StringVar(&f.programs.Containerd, "containerd", "", "directory with containerd, its shim and ctr")
	flags.StringVar(&f.programs.CNI, "cni", "", "directory with the network plugins ptp, host-local and loopback")
	flags.StringVar(&f.programs.Pause, "pause", "", "the program of the pause image")
	flags.IntVar(&f.block, "block", 0, "number of the cluster's addresses")
}

// arguments are the flags for another process of this program.
func (f *nodeFlags) arguments(state layout.State) []string {
	return []string{
		"--state=" + string(state),
		"--kubernetes=" + f.programs.Kubernetes,
		"--containerd=" + f.programs.Containerd,
		"--cni=" + f.programs.CNI,
		"--pause=" + f.programs.Pause,
		"--block=" + strconv.Itoa(f.block),
	}
}

// node is what the flags come to.
func (f *nodeFlags) node() (component.Node, error) {
	state, err := layout.New(f.directory)
	if err != nil {
		return component.Node{}, err
	}
	block, err := address.NewBlock(f.block)
	if err != nil {
		return component.Node{}, err
	}
	n := component.Node{
		State:        state,
		Programs:     f.programs,
		Addresses:    block,
		ControlGroup: "/" + state.Name(),
		Snapshotter:  "overlayfs",
	}
	// An overlay can't be laid over another, as in a container.
	var fs unix.Statfs_t
	if err := unix.Statfs(string(state), &fs); err == nil && fs.Type == unix.OVERLAYFS_SUPER_MAGIC {
		n.Snapshotter = "native"
	}
	return n, nil
}
