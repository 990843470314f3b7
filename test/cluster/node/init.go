// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/kubera-dev/kubera/test/cluster/host"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// ControlDescriptor is the file that Supervise inherits.
const ControlDescriptor = 3

// Init is what the first process does. It ends when Supervise does, which is this
// program again, with these arguments and the control socket as the only file that
// it inherits. Containers whose parents end become children of the first process,
// so that this one waits for everybody.
func Init(state layout.State, arguments ...string) error {
	if os.Getpid() != 1 {
		return errors.New("this is not the first process of a PID namespace: make cluster-up starts it")
	}
	// For the node's processes to keep the lock, they would have to inherit it.
	unix.CloseOnExec(host.LockDescriptor)
	unix.CloseOnExec(host.ControlDescriptor)
	signal.Ignore(unix.SIGHUP, unix.SIGINT, unix.SIGPIPE)
	if err := mount(state); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	supervisor := exec.Command(self, arguments...)
	supervisor.Stdout, supervisor.Stderr = os.Stdout, os.Stderr
	supervisor.ExtraFiles = []*os.File{os.NewFile(host.ControlDescriptor, "control")}
	if err := supervisor.Start(); err != nil {
		return fmt.Errorf("start the supervisor: %w", err)
	}
	return bury(supervisor.Process.Pid)
}

// bury waits for all children until the one with pid has ended.
func bury(pid int) error {
	for {
		var status unix.WaitStatus
		switch child, err := unix.Wait4(-1, &status, 0, nil); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("wait for children: %w", err)
		case child == pid && status.Exited() && status.ExitStatus() == 0:
			return nil
		case child == pid:
			return fmt.Errorf("the supervisor ended: exit status %d, signal %d", status.ExitStatus(), status.Signal())
		}
	}
}
