// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package terminal

import "os/exec"

// isolate makes the shell fail to start, as Linux does where it is not allowed.
func isolate(command *exec.Cmd) { command.Path = "" }

// Main does nothing here.
func Main() {}
