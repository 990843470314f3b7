// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build images

package images_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/test/images"
)

// required is a variable that hack/verify-images.sh sets.
func required(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run make verify-images", name)
	}
	return value
}

// TestBuilt looks into the images that make docker-buildx pushed, and starts those
// of this machine's architecture.
func TestBuilt(t *testing.T) {
	for name, cmd := range map[string][]string{"kubera-controller": nil, "kubera-proxy": {"serve"}} {
		t.Run(name, func(t *testing.T) {
			list, err := images.ReadLayout(os.DirFS(filepath.Join(required(t, "IMAGES"), name)))
			if err != nil {
				t.Fatal(err)
			}
			want := images.Wanted{Program: name, Cmd: cmd, Version: required(t, "VERSION"), Revision: required(t, "REVISION")}
			var architectures []string
			for _, i := range list {
				architectures = append(architectures, i.Architecture)
				for _, problem := range want.Problems(i) {
					t.Errorf("%s: %s", i.Architecture, problem)
				}
				if i.Architecture == runtime.GOARCH {
					printsVersion(t, i, want.Version)
				}
			}
			platforms := strings.Fields(required(t, "PLATFORMS"))
			if slices.Sort(architectures); !slices.Equal(architectures, platforms) {
				t.Errorf("images for %q, want %q", architectures, platforms)
			}
		})
	}
}

// TestBundle: the image of the bundle has its files, and labels that are its
// annotations.
func TestBundle(t *testing.T) {
	list, err := images.ReadLayout(os.DirFS(filepath.Join(required(t, "IMAGES"), "kubera-bundle")))
	if err != nil || len(list) != 1 {
		t.Fatalf("%d images: %v", len(list), err)
	}
	files := map[string]string{}
	for _, layer := range list[0].Layers {
		for name, f := range layer {
			if f.Content != nil {
				files[name] = string(f.Content)
			}
		}
	}
	root := filepath.Join("..", "..", "bundle")
	wanted := 0
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		wanted++
		raw, err := os.ReadFile(path)
		if name := strings.TrimPrefix(path, root); files[name] != string(raw) {
			t.Errorf("%s is not in the image, or differs", name)
		}
		return err
	})
	if err != nil || wanted != len(files) || wanted < 10 {
		t.Errorf("%d files in the image, %d in the bundle: %v", len(files), wanted, err)
	}
	var metadata struct{ Annotations map[string]string }
	if err := yaml.Unmarshal([]byte(files["/metadata/annotations.yaml"]), &metadata); err != nil {
		t.Fatal(err)
	}
	for name, value := range metadata.Annotations {
		if got := list[0].Config.Labels[name]; got != value {
			t.Errorf("the label %s is %q, not %q", name, got, value)
		}
	}
}

func TestBills(t *testing.T) {
	for file, modules := range map[string][]string{
		"kubera-controller.cdx.json": {"sigs.k8s.io/controller-runtime", "sigs.k8s.io/gateway-api"},
		"kubera-proxy.cdx.json":      {"github.com/caddyserver/caddy/v2", "github.com/quic-go/quic-go"},
		"kubera.cdx.json":            {"github.com/caddyserver/caddy/v2", "sigs.k8s.io/gateway-api"},
	} {
		raw, err := os.ReadFile(filepath.Join(required(t, "BILLS"), file))
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range images.BillProblems(raw, runtime.Version(), modules...) {
			t.Errorf("%s: %s", file, problem)
		}
	}
}
