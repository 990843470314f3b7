// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// variable tells this program that it is to become a shell, and which.
const variable = "KUBERA_TEST_TERMINAL"

// isolate makes a command start in a network namespace of its own, by way of this program,
// which brings the loopback up there.
func isolate(command *exec.Cmd) {
	command.Env = append(slices.Clip(command.Env), variable+"="+command.Path)
	command.Path = "/proc/self/exe"
	command.SysProcAttr.Cloneflags = unix.CLONE_NEWNET
	if uid := os.Getuid(); uid != 0 {
		command.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
}

// Main becomes the shell of a terminal, if that is what this process was started for.
func Main() {
	shell := os.Getenv(variable)
	if shell == "" {
		return
	}
	err := raiseLoopback()
	if err == nil {
		_ = os.Unsetenv(variable)
		err = syscall.Exec(shell, os.Args, os.Environ())
	}
	fmt.Fprintf(os.Stderr, "a terminal of its own: %v\n", err)
	os.Exit(1)
}

func raiseLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(socket) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
}
