// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/test/docs/page"
	"github.com/kubera-dev/kubera/test/docs/script"
	"github.com/kubera-dev/kubera/test/docs/terminal"
)

// root of the repository, as seen from this folder.
const root = "../.."

func TestMain(m *testing.M) {
	terminal.Main()
	os.Exit(m.Run())
}

// notRun are the commands that no test runs. Their pages say why.
var notRun = []string{
	"README.md: make quickstart    # build, and serve examples/quickstart on this machine",
	"README.md: make test          # run the tests that need no cluster",
	"docs/images.md: make docker-build docker-push IMG=registry.example/kubera-controller:0.1.0 PROXY_IMG=registry.example/kubera-proxy:0.1.0",
	"docs/images.md: make docker-buildx IMG=registry.example/kubera-controller:0.1.0 PROXY_IMG=registry.example/kubera-proxy:0.1.0",
	`docs/install.md: kubectl apply --server-side -k "github.com/kubernetes-sigs/gateway-api/config/crd?ref=v1.6.3"`,
	"docs/install.md: export IMG=registry.example/kubera-controller:0.1.0 PROXY_IMG=registry.example/kubera-proxy:0.1.0",
	"docs/install.md: helm install kubera charts/kubera --namespace kubera-system --create-namespace --set image.registry=registry.example",
	"docs/olm.md: make bundle IMG=registry.example/kubera-controller:0.1.0 PROXY_IMG=registry.example/kubera-proxy:0.1.0",
	"docs/olm.md: make bundle-build bundle-push BUNDLE_IMG=registry.example/kubera-bundle:v0.1.0",
	"docs/olm.md: make bundle USE_IMAGE_DIGESTS=true IMG=registry.example/kubera-controller@sha256:… PROXY_IMG=registry.example/kubera-proxy@sha256:…",
	"examples/grpc/README.md: grpcurl -plaintext -authority grpc.example.com 127.0.0.1:8080 helloworld.Greeter/SayHello",
}

// pagePaths are those of the pages, relative to the root, in alphabetical order.
func pagePaths(t *testing.T) []string {
	t.Helper()
	paths := []string{"README.md"}
	for _, dir := range []string{"docs", "examples"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".md" {
				path, err = filepath.Rel(root, path)
				paths = append(paths, filepath.ToSlash(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(paths)
	return paths
}

func readScript(t *testing.T, path string) *script.Script {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	s, problems := script.Of(page.Parse(string(data)))
	for _, problem := range problems {
		t.Errorf("%s:%s", path, problem)
	}
	return s
}

// TestEveryCommandIsRunSomewhere reads all pages.
func TestEveryCommandIsRunSomewhere(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, path := range pagePaths(t) {
		for _, step := range readScript(t, path).Steps {
			switch {
			case step.Elsewhere != "":
				if !strings.Contains(string(makefile), "\n"+step.Elsewhere+":") {
					t.Errorf("%s:%d: the Makefile has no target %s", path, step.Line, step.Elsewhere)
				}
			case step.Class == script.Nowhere:
				t.Logf("%s:%d: not run, because %s: %s", path, step.Line, step.Why, step.Command)
				have = append(have, path+": "+strings.SplitN(step.Command, "\n", 2)[0])
			}
		}
	}
	if diff := cmp.Diff(notRun, have); diff != "" {
		t.Errorf("commands that are not run (-this file +pages):\n%s", diff)
	}
}

// TestPages does what the pages say, as far as it needs no cluster.
func TestPages(t *testing.T) {
	done := 0
	for _, path := range pagePaths(t) {
		steps := readScript(t, path).Steps
		steps = slices.DeleteFunc(steps, func(s script.Step) bool { return s.Class != script.Local })
		if len(steps) == 0 {
			continue
		}
		done += len(steps)
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			dir := checkout(t)
			newReader(t, readerOptions{page: path, terminal: terminal.Options{
				Dir:   dir,
				Env:   environment(t),
				Alone: true,
			}}).follow(steps)
		})
	}
	if done < 20 {
		t.Errorf("only %d steps in all pages", done)
	}
}
