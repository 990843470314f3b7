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
	"time"

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
func (c *cluster) command(name string, more ...string) *exec.Cmd {
	program := os.Getenv("CLUSTER")
	if program == "" {
		c.t.Fatal("CLUSTER is not set: make test-cluster sets it")
	}
	arguments := []string{name, "--state=" + string(c.state)}
	if name == "up" {
		arguments = append(arguments, strings.Fields(os.Getenv("CLUSTER_PROGRAMS"))...)
	}
	return exec.Command(program, append(arguments, more...)...)
}

func (c *cluster) must(name string, more ...string) string {
	c.t.Helper()
	out, err := c.command(name, more...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func (c *cluster) kubectl(arguments ...string) {
	c.t.Helper()
	if out, err := c.kubectlCommand(arguments...).CombinedOutput(); err != nil {
		c.t.Fatalf("kubectl %q: %v\n%s", arguments, err, out)
	}
}

func (c *cluster) kubectlCommand(arguments ...string) *exec.Cmd {
	command := exec.Command(os.Getenv("KUBECTL"), arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.state.Kubeconfig())
	return command
}

// untilReady waits for the API server.
func (c *cluster) untilReady() {
	c.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		out, err := c.kubectlCommand("get", "--raw=/readyz").CombinedOutput()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the API server is not ready: %v\n%s", err, out)
		}
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

// What is stopped is away until it is started again, and everything else stays.
func TestStopAndStart(t *testing.T) {
	c := newCluster(t)
	c.must("up")
	c.pod()
	before := record(t, c.state)
	c.must("stop", "kube-apiserver")
	for _, arguments := range [][]string{
		{"stop", "kube-apiserver"}, {"start", "kubelet"}, {"stop", "nothing"},
	} {
		if out, err := c.command(arguments[0], arguments[1:]...).CombinedOutput(); err == nil {
			t.Errorf("%q: %s", arguments, out)
		}
	}
	if out, err := c.kubectlCommand("get", "pods", "--request-timeout=5s").CombinedOutput(); err == nil {
		t.Errorf("the API server answers: %s", out)
	}
	c.must("start", "kube-apiserver")
	c.untilReady()
	c.kubectl("wait", "pod/pause", "--for=condition=Ready", "--timeout=1m")
	if diff := cmp.Diff(before, record(t, c.state)); diff != "" {
		t.Error("the cluster is another:", diff)
	}
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
