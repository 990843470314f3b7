// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build images

package images_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

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
