// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux && cluster

package lifecycle

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/test/cluster/component"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// cluster is one of this test, beside any other of the machine.
type cluster struct {
	t     *testing.T
	state layout.State
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	state, err := layout.New(filepath.Join(t.TempDir(), "cluster"))
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, state: state}
	t.Cleanup(func() { c.must("down") })
	return c
}

// command is one of the program, whose path and flags make tells.
func (c *cluster) command(name string) *exec.Cmd {
	program := os.Getenv("CLUSTER")
	if program == "" {
		c.t.Fatal("CLUSTER is not set: make test-cluster sets it")
	}
	arguments := []string{name, "--state=" + string(c.state)}
	if name == "up" {
		arguments = append(arguments, strings.Fields(os.Getenv("CLUSTER_PROGRAMS"))...)
	}
	return exec.Command(program, arguments...)
}

func (c *cluster) must(name string) string {
	c.t.Helper()
	out, err := c.command(name).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func (c *cluster) kubectl(arguments ...string) {
	c.t.Helper()
	command := exec.Command(os.Getenv("KUBECTL"), arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.state.Kubeconfig())
	if out, err := command.CombinedOutput(); err != nil {
		c.t.Fatalf("kubectl %q: %v\n%s", arguments, err, out)
	}
}

// pod runs one, so that there are containers, mounts and links of theirs.
func (c *cluster) pod() {
	c.t.Helper()
	c.kubectl("run", "pause", "--image="+component.PauseImage, "--restart=Never")
	c.kubectl("wait", "pod/pause", "--for=condition=Ready", "--timeout=1m")
}

func (c *cluster) nothingLeft(f *traces) {
	c.t.Helper()
	if left := f.left(c.t); len(left) > 0 {
		c.t.Errorf("left of the cluster:\n%s", strings.Join(left, "\n"))
	}
}

func TestUpAndDown(t *testing.T) {
	before := sysctls(t)
	c := newCluster(t)
	c.must("up")
	c.pod()
	f := tracesOf(t, c.state)
	for _, want := range []string{"etcd", "kubelet", "kube-proxy", "containerd-shim-runc-v2", "load-balancers", "/pause"} {
		if all := fmt.Sprint(f.processes(t)); !strings.Contains(all, want) {
			t.Errorf("no process %s among %s", want, all)
		}
	}
	if out := c.must("up"); !strings.Contains(out, "up already") {
		t.Errorf("second up: %s", out)
	}
	c.kubectl("get", "pod", "pause")
	if diff := cmp.Diff(before, sysctls(t)); diff != "" {
		t.Error("settings of the machine while a cluster is up:", diff)
	}
	c.must("down")
	c.nothingLeft(f)
	if out := c.must("down"); !strings.Contains(out, "no cluster is up") {
		t.Errorf("second down: %s", out)
	}
}

// Whatever of a node is killed, all of it ends, and the next cluster starts.
func TestCrashes(t *testing.T) {
	c := newCluster(t)
	for _, victim := range []string{"/kubelet --", "/containerd --", "supervise --", "init --"} {
		c.must("up")
		c.pod()
		f := tracesOf(t, c.state)
		f.kill(t, victim)
		// Also while the node is still ending.
		c.must("down")
		c.nothingLeft(f)
	}
	c.must("up")
}

// A command that is killed while it starts a node takes the node along.
func TestUpIsKilled(t *testing.T) {
	c := newCluster(t)
	for _, step := range []string{"started etcd", "started kubelet"} {
		up := c.command("up")
		out, err := up.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := up.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() && !strings.Contains(lines.Text(), step) {
			continue
		}
		f := tracesOf(t, c.state)
		if err := up.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := up.Wait(); err == nil {
			t.Errorf("up ended before it was killed at %q", step)
		}
		c.must("down")
		c.nothingLeft(f)
	}
	c.must("up")
}

// Two clusters of a machine have nothing to do with each other.
func TestTwoClusters(t *testing.T) {
	a, b := newCluster(t), newCluster(t)
	a.must("up")
	b.must("up")
	one, two := record(t, a.state), record(t, b.state)
	if one.Block == two.Block {
		t.Errorf("both have the addresses of block %d", one.Block)
	}
	f := tracesOf(t, a.state)
	a.must("down")
	a.nothingLeft(f)
	b.pod()
	if left := fmt.Sprint(record(t, b.state)); left != fmt.Sprint(two) {
		t.Errorf("the other cluster is %s, was %+v", left, two)
	}
}
