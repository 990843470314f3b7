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
	if record.First.PID == 0 {
		return false, errors.New("the cluster is being started or ended by another command: wait for that")
	}
	fd, err := unix.PidfdOpen(record.First.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("process %d: %w", record.First.PID, err)
	}
	defer unix.Close(fd)
	// What is open now is the process of the record, or another that will not be touched.
	if ended, err := record.First.Ended(); err != nil || ended {
		return true, err
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return false, fmt.Errorf("end the node: %w", err)
	}
	return true, await(ctx, "the node to end", record.First.Ended)
}

// Clear removes what a cluster that ended has left: its link, its control groups,
// and its files but for those to keep. If the cluster is still ending, by a crash, it
// waits for that. The caller holds the lock.
func Clear(ctx context.Context, state layout.State, keep ...string) error {
	record, err := readRecord(state)
	if err != nil {
		return err
	}
	if record.First.PID != 0 {
		if err := await(ctx, "the node to end", record.First.Ended); err != nil {
			return err
		}
	}
	if err := Disconnect(ctx, state.Name()); err != nil {
		return err
	}
	// A group is empty a moment after its last process has ended.
	var last error
	err = await(ctx, "control groups to be empty", func() (bool, error) {
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
