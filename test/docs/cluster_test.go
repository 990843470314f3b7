// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build docs

package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/test/docs/script"
	"github.com/kubera-dev/kubera/test/docs/terminal"
)

// TestClusterPages does what the pages say about clusters, in that of KUBECONFIG, where
// Kubera is deployed and load balancers have addresses. Pages that begin without Kubera
// come last.
func TestClusterPages(t *testing.T) {
	if os.Getenv("KUBECONFIG") == "" {
		t.Fatal("KUBECONFIG must name a cluster: make test-docs does")
	}
	var deployed, empty []string
	for _, path := range pagePaths(t) {
		s := readScript(t, path)
		switch {
		case s.Empty:
			empty = append(empty, path)
		case slices.ContainsFunc(s.Steps, inCluster):
			deployed = append(deployed, path)
		}
	}
	for _, path := range append(deployed, empty...) {
		t.Run(path, func(t *testing.T) { followInCluster(t, path) })
	}
}

func inCluster(s script.Step) bool { return s.Class == script.Cluster }

func followInCluster(t *testing.T, path string) {
	s := readScript(t, path)
	steps := slices.DeleteFunc(s.Steps, func(s script.Step) bool { return !inCluster(s) })
	dir := checkout(t)
	// Tools are there already.
	bin, err := filepath.Abs(filepath.Join(root, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(bin, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	env := environment(t)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	data, err := os.ReadFile(os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kubeconfig, data, 0o600); err != nil {
		t.Fatal(err)
	}
	env = append(env, "KUBECONFIG="+kubeconfig)
	command := func(line string) {
		t.Helper()
		c := exec.Command("bash", "-c", line)
		c.Dir, c.Env = dir, env
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if s.Empty {
		command("make undeploy FORCE=true ignore-not-found=true")
	}
	namespace := "docs-" + notOfNames.ReplaceAllString(strings.ToLower(strings.TrimSuffix(path, ".md")), "-")
	command("kubectl create namespace " + namespace + " && kubectl config set-context --current --namespace " + namespace)
	t.Cleanup(func() { command("kubectl delete namespace --wait " + namespace) })
	newReader(t, readerOptions{
		page:      path,
		terminal:  terminal.Options{Dir: dir, Env: env},
		namespace: namespace,
		repeat:    patienceFor,
	}).follow(steps)
}

var notOfNames = regexp.MustCompile(`[^a-z0-9]+`)

// patienceFor lets commands that change nothing be given again: what they show comes when
// it comes.
func patienceFor(s script.Step) time.Duration {
	for _, reads := range []string{"curl ", "kubectl get ", "kubectl describe ", "kubectl logs ", "for "} {
		if strings.HasPrefix(s.Command, reads) {
			if *update {
				return 5 * time.Second
			}
			return time.Minute
		}
	}
	return 0
}
