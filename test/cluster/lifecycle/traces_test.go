// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux && cluster

package lifecycle

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kubera-dev/kubera/test/cluster/host"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// traces are what a cluster is on this machine.
type traces struct {
	state layout.State
	// namespaces are those of its first process, such as "net:[4026532281]".
	namespaces []string
}

// tracesOf looks at a cluster that is up.
func tracesOf(t *testing.T, state layout.State) *traces {
	t.Helper()
	found := &traces{state: state}
	for _, kind := range []string{"pid", "mnt", "net", "ipc"} {
		link := func(pid string) string {
			name, err := os.Readlink(filepath.Join("/proc", pid, "ns", kind))
			if err != nil {
				t.Fatal(err)
			}
			return name
		}
		node := link(fmt.Sprint(record(t, state).First.PID))
		if node == link("self") {
			t.Errorf("the node shares namespace %s with the machine", node)
		}
		found.namespaces = append(found.namespaces, node)
	}
	return found
}

func record(t *testing.T, state layout.State) host.Record {
	t.Helper()
	r, up, err := host.Up(state)
	if err != nil || !up {
		t.Fatalf("the cluster is not up: %v", err)
	}
	return r
}

// process is one of the node's.
type process struct {
	pid     int
	command string
}

// processes are those of the node: in one of its namespaces, or with its files.
// Containers are in namespaces of their own; they are found by their control groups.
func (f *traces) processes(t *testing.T) []process {
	t.Helper()
	directories, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []process
	for _, directory := range directories {
		// What can't be read has ended.
		command, _ := os.ReadFile(filepath.Join(directory, "cmdline"))
		groups, _ := os.ReadFile(filepath.Join(directory, "cgroup"))
		status, _ := os.ReadFile(filepath.Join(directory, "status"))
		// One that has ended, and that the machine's init has not asked about yet.
		if strings.Contains(string(status), "\nState:\tZ") {
			continue
		}
		ours := strings.Contains(string(groups), f.state.Name())
		for _, kind := range []string{"pid", "mnt", "net", "ipc"} {
			name, _ := os.Readlink(filepath.Join(directory, "ns", kind))
			ours = ours || slices.Contains(f.namespaces, name)
		}
		pid, err := strconv.Atoi(filepath.Base(directory))
		if err != nil {
			t.Fatal(err)
		}
		if ours {
			found = append(found, process{pid, strings.ReplaceAll(string(command), "\x00", " ")})
		}
	}
	return found
}

// kill ends the one process whose command line has this part.
func (f *traces) kill(t *testing.T, part string) {
	t.Helper()
	var found []process
	for _, p := range f.processes(t) {
		if strings.Contains(p.command, part) {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d processes are %q: %v", len(found), part, found)
	}
	if err := syscall.Kill(found[0].pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// left says all that there is of the cluster but its files.
func (f *traces) left(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, p := range f.processes(t) {
		found = append(found, fmt.Sprintf("process %d %s", p.pid, p.command))
	}
	if host.Connected(f.state.Name()) {
		found = append(found, "link "+f.state.Name())
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, string(f.state)) {
			found = append(found, "mount "+line)
		}
	}
	groups, err := filepath.Glob("/sys/fs/cgroup/*/" + f.state.Name())
	if err != nil {
		t.Fatal(err)
	}
	unified, err := filepath.Glob("/sys/fs/cgroup/" + f.state.Name())
	if err != nil {
		t.Fatal(err)
	}
	return append(found, append(groups, unified...)...)
}

// sysctls are settings of the machine that a kubelet changes where it may.
func sysctls(t *testing.T) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, name := range []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward"} {
		content, err := os.ReadFile(filepath.Join("/proc/sys", name))
		if err != nil {
			t.Fatal(err)
		}
		values[name] = strings.TrimSpace(string(content))
	}
	return values
}
