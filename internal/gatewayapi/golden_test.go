// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/render"
)

var update = flag.Bool("update", false, "rewrite the expected part of the golden files")

// outputMark separates the objects of a case from what is expected of them.
const outputMark = "---\n# Output\n"

// controllerName of the GatewayClasses in the golden files.
const controllerName = "kubera.dev/gateway-controller"

// TestGolden translates each file below testdata and compares the configuration
// and the statuses with the part after "# Output". A comment line "# option: NAME"
// at the top sets an option of options.
func TestGolden(t *testing.T) {
	for _, path := range goldenFiles(t) {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(path), "testdata/"), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := readCase(t, path)
			result := gatewayapi.Translate(c.snapshot, c.options)
			got := describe(t, result, c)
			checkStatuses(t, result)
			for _, g := range result.Gateways {
				checkConfig(t, render.Config([]*gatewayapi.Gateway{g}, render.Options{}))
			}
			if *update {
				if err := os.WriteFile(path, []byte(c.input+outputMark+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(c.output, got); diff != "" {
				t.Errorf("output differs (-want +got), -update rewrites it:\n%s", diff)
			}
		})
	}
}

func goldenFiles(t testing.TB) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir("testdata", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() && strings.HasSuffix(path, ".yaml") && !strings.HasPrefix(entry.Name(), "_") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no golden files below testdata")
	}
	return files
}
