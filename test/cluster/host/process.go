// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Process is one that no other is taken for when its number is given again.
type Process struct {
	PID int
	// Start is when it started, in ticks since the machine did.
	Start uint64
}

// NewProcess returns the process that has a number now.
func NewProcess(pid int) (Process, error) {
	now, err := look(pid)
	return Process{PID: pid, Start: now.start}, err
}

// Ended tells whether the process has, also if its parent does not know yet. The
// first process of a PID namespace ends when all others there have.
func (p Process) Ended() (bool, error) {
	now, err := look(p.PID)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	// The first of several threads can be a zombie alone.
	zombie := now.state == 'Z' && now.threads <= 1
	return now.start != p.Start || zombie || now.state == 'X', nil
}

// appearance is what /proc says of a process.
type appearance struct {
	state          byte
	threads, start uint64
}

func look(pid int) (appearance, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	content, err := os.ReadFile(path)
	if err != nil {
		return appearance{}, err
	}
	// "PID (NAME) STATE ...", where the name can be anything. The fields are numbered
	// from 1: threads are the 20th, the start is the 22nd.
	fields := bytes.Fields(content[bytes.LastIndexByte(content, ')')+1:])
	if len(fields) < 20 {
		return appearance{}, fmt.Errorf("%s has %d fields", path, len(fields)+2)
	}
	threads, err := strconv.ParseUint(string(fields[17]), 10, 64)
	if err != nil {
		return appearance{}, fmt.Errorf("%s: %w", path, err)
	}
	start, err := strconv.ParseUint(string(fields[19]), 10, 64)
	if err != nil {
		return appearance{}, fmt.Errorf("%s: %w", path, err)
	}
	return appearance{state: fields[0][0], threads: threads, start: start}, nil
}
