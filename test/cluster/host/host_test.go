// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package host

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/test/cluster/layout"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directory", "lock")
	if held, err := Held(path); held || err != nil {
		t.Errorf("without a file: %t, %v", held, err)
	}
	first, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("second lock: %v", err)
	}
	// Asking does not take it.
	for range 2 {
		if held, err := Held(path); !held || err != nil {
			t.Errorf("while it is held: %t, %v", held, err)
		}
	}
	first.Close()
	if held, err := Held(path); held || err != nil {
		t.Errorf("after its end: %t, %v", held, err)
	}
	if again, err := TryLock(path); err != nil {
		t.Error(err)
	} else {
		again.Close()
	}
}

// A process that inherits the file holds the lock until it ends, however it does.
func TestLockIsInherited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	file, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), "sleep", "60")
	child.ExtraFiles = []*os.File{file}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if held, err := Held(path); !held || err != nil {
		t.Errorf("while the child runs: %t, %v", held, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Error("the child was not killed")
	}
	if held, err := Held(path); held || err != nil {
		t.Errorf("after the child: %t, %v", held, err)
	}
}

func TestUp(t *testing.T) {
	state := layout.State(t.TempDir())
	record := Record{First: Process{PID: 42, Start: 7}, Block: 3, Ready: true}
	if err := record.Write(state); err != nil {
		t.Fatal(err)
	}
	// A record without a lock is that of a cluster that has ended.
	if got, up, err := Up(state); up || err != nil {
		t.Errorf("without the lock: %+v, %t, %v", got, up, err)
	}
	held, err := TryLock(state.Lock())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if got, up, err := Up(state); got != record || !up || err != nil {
		t.Errorf("with the lock: %+v, %t, %v", got, up, err)
	}
	if err := os.Remove(state.Record()); err != nil {
		t.Fatal(err)
	}
	if got, up, err := Up(state); got.First.PID != 0 || !up || err != nil {
		t.Errorf("without a record: %+v, %t, %v", got, up, err)
	}
	if _, err := Stop(t.Context(), state); err == nil || !strings.Contains(err.Error(), "by another command") {
		t.Errorf("Stop: %v", err)
	}
}

func self(t *testing.T) Process {
	t.Helper()
	p, err := NewProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A process that was given the number of another is not that one.
func TestProcess(t *testing.T) {
	here := self(t)
	for p, want := range map[Process]bool{
		here:                                   false,
		{PID: here.PID, Start: here.Start - 1}: true,
		{PID: 1 << 30}:                         true,
	} {
		if ended, err := p.Ended(); ended != want || err != nil {
			t.Errorf("%+v has ended: %t, %v", p, ended, err)
		}
	}
	child := exec.CommandContext(t.Context(), "true")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := NewProcess(child.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	// It counts as ended before anybody has waited for it.
	if err := await(t.Context(), "the child to end", p.Ended); err != nil {
		t.Error(err)
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

func TestStopOfNothing(t *testing.T) {
	state := layout.State(t.TempDir())
	// The process of a record is not touched without the lock.
	if err := (Record{First: self(t), Ready: true}).Write(state); err != nil {
		t.Fatal(err)
	}
	if was, err := Stop(t.Context(), state); was || err != nil {
		t.Errorf("Stop: %t, %v", was, err)
	}
}

func TestStop(t *testing.T) {
	state := layout.State(t.TempDir())
	held, err := TryLock(state.Lock())
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "sleep", "60")
	node.ExtraFiles = []*os.File{held}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	held.Close()
	ended := make(chan error, 1)
	go func() { ended <- node.Wait() }()
	first, err := NewProcess(node.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := (Record{First: first, Ready: true}).Write(state); err != nil {
		t.Fatal(err)
	}
	if was, err := Stop(t.Context(), state); !was || err != nil {
		t.Errorf("Stop: %t, %v", was, err)
	}
	if err := <-ended; err == nil {
		t.Error("the process ended by itself")
	}
}

func TestHierarchies(t *testing.T) {
	const mountinfo = `21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
27 22 0:28 / /sys/fs/cgroup rw,relatime shared:9 - tmpfs tmpfs rw,mode=755
28 27 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:10 master:3 - cgroup cgroup rw,cpu
37 27 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
38 27 0:39 / /sys/fs/cgroup - strange`
	got, err := hierarchies(strings.NewReader(mountinfo))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"}, got); diff != "" {
		t.Error(diff)
	}
}

// Of version 2, controllers are given to groups that lack them, one at a time.
func TestDelegate(t *testing.T) {
	root := t.TempDir()
	if err := delegate(root); err != nil {
		t.Errorf("version 1: %v", err)
	}
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for given, want := range map[string]string{
		"cpu pids\n":        "+memory",
		"cpu memory pids\n": "cpu memory pids\n",
	} {
		write("cgroup.controllers", "cpu io memory pids rdma\n")
		write("cgroup.subtree_control", given)
		if err := delegate(root); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(root, "cgroup.subtree_control"))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("given %q: wrote %q, want %q", given, got, want)
		}
	}
}

func TestRemoveTree(t *testing.T) {
	root := filepath.Join(t.TempDir(), "group")
	if err := os.MkdirAll(filepath.Join(root, "kubepods", "pod1"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := removeTree(root); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(root); !os.IsNotExist(err) {
			t.Errorf("%s is there: %v", root, err)
		}
	}
}

// What is missing is said all at once, with the way to get it.
func TestCheck(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := errors.Join(CheckMachine(), CheckPrograms(layout.Programs{Kubernetes: "/none", Containerd: "/none", CNI: "/none", Pause: "/none/pause"}))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"apt-get install -y iproute2 nftables runc util-linux", "/none/kubelet is missing", "/none/pause is missing"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q says nothing of %q", err, want)
		}
	}
}
