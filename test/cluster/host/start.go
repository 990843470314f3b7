// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package host

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kubera-dev/kubera/test/cluster/control"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// Descriptors of the files that the node's first process inherits.
const (
	LockDescriptor    = 3
	ControlDescriptor = 4
)

// Start starts this program as the first process of new namespaces, with these
// arguments. The process inherits the lock. Until it is told to stay, it ends when
// this process does.
func Start(state layout.State, held *os.File, arguments ...string) (*exec.Cmd, *control.Conn, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("path of this program: %w", err)
	}
	conn, other, err := control.Pair()
	if err != nil {
		return nil, nil, err
	}
	defer other.Close()
	log, err := os.OpenFile(state.Log("node"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	defer log.Close()
	node := exec.Command(self, arguments...)
	node.Stdout, node.Stderr = log, log
	node.Dir = "/"
	node.ExtraFiles = []*os.File{held, other}
	node.SysProcAttr = &syscall.SysProcAttr{
		// Signals of the terminal are not for the node.
		Setsid:     true,
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC,
	}
	if err := node.Start(); err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("start the node in namespaces of its own: %w", err)
	}
	return node, conn, nil
}
