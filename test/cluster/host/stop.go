// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// settle is how long the kernel may take to take away what a cluster had.
const settle = 30 * time.Second

// Stop ends the cluster if one is up, and tells whether it was. All processes have
// ended when it returns.
func Stop(ctx context.Context, state layout.State) (bool, error) {
	record, up, err := Up(state)
	if err != nil || !up {
		return false, err
	}
	if record.PID == 0 {
		return false, errors.New("the cluster is being started or ended by another command: wait for that")
	}
	fd, err := unix.PidfdOpen(record.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("process %d: %w", record.PID, err)
	}
	defer unix.Close(fd)
	// The process is still the node if the lock is still held.
	if again, up, err := Up(state); err != nil || !up || again != record {
		return up, err
	}
	return true, kill(ctx, fd)
}

// kill ends the first process of a node, and with it all others, and waits until
// they have ended: the first process of a PID namespace is the last to go.
func kill(ctx context.Context, fd int) error {
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("end the node: %w", err)
	}
	return await(ctx, "the node to end", func() (bool, error) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(poll, 0)
		if errors.Is(err, unix.EINTR) {
			return false, nil
		}
		return n > 0, err
	})
}

// Clear removes what a cluster that ended has left: its link, its control groups,
// and its files but for those to keep.
func Clear(ctx context.Context, state layout.State, keep ...string) error {
	if err := Disconnect(ctx, state.Name()); err != nil {
		return err
	}
	// A group is empty a moment after its last process has ended.
	var last error
	err := await(ctx, "control groups to be empty", func() (bool, error) {
		last = RemoveControlGroup(state.Name())
		if errors.Is(last, unix.EBUSY) {
			return false, nil
		}
		return last == nil, last
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return state.Clear(keep...)
}

func await(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}
