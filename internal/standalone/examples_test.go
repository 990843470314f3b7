// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/manifest"
)

// gatewayAPIExamples is the folder with the examples of the Gateway API, in the
// module that the project builds with.
func gatewayAPIExamples(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "examples")
}

// TestGatewayAPIExamples translates every manifest of the Gateway API's examples,
// alone and with the others of its folders. Each must be read, and each object must
// have a status or a word about why it has none.
func TestGatewayAPIExamples(t *testing.T) {
	root := gatewayAPIExamples(t)
	files := 0
	for _, channel := range []string{"standard", "experimental"} {
		err := filepath.WalkDir(filepath.Join(root, channel), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() && !manifest.Named(entry.Name()) {
				return err
			}
			if !entry.IsDir() {
				files++
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			t.Run(name, func(t *testing.T) { translateExample(t, path, entry.IsDir()) })
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 50 {
		t.Errorf("only %d files were found", files)
	}
}

func translateExample(t *testing.T, path string, folder bool) {
	loader := &manifest.Loader{Paths: []string{path}}
	set := loader.Load(t.Context())
	for _, problem := range set.Problems {
		// The examples define some objects in several files.
		duplicate := strings.Contains(problem.Message, "defined already")
		if !problem.Note && !(folder && duplicate) {
			t.Errorf("not read: %s", problem)
		}
	}
	if !folder && len(set.Objects)+len(set.Problems) == 0 {
		t.Error("the file holds nothing")
	}
	for _, all := range []bool{false, true} {
		translation := Translate(set, Options{AllClasses: all})
		if err := translation.Config.Validate(); err != nil {
			t.Errorf("the configuration is not valid: %v", err)
		}
		told := map[manifest.Key]bool{}
		for _, status := range translation.Statuses {
			told[status.Object.Key] = true
			for _, c := range status.Conditions {
				if c.Status != "True" && c.Message == "" {
					t.Errorf("%s: %s=%s has no message", status.Object.Key, c.Type, c.Status)
				}
			}
		}
		for _, problem := range translation.Problems() {
			told[problem.Object] = true
		}
		for _, object := range set.Objects {
			if object.Group == gwv1.GroupName && object.Kind != "ReferenceGrant" && !told[object.Key] {
				t.Errorf("all classes %t: nothing is said about %s", all, object.Key)
			}
		}
	}
}

// TestOwnExamples: what the project shows has no problem, but where it shows one.
func TestOwnExamples(t *testing.T) {
	const root = "../../examples"
	// What is wrong in an example that shows it.
	deliberate := map[string]string{"access-log": "rules[1].backendRefs[0]: Service default/missing does not exist"}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		// These have what others need: in a cluster, and for TLS.
		if !entry.IsDir() || entry.Name() == "backends" || entry.Name() == "certificates" {
			continue
		}
		t.Run(entry.Name(), func(t *testing.T) {
			loader := &manifest.Loader{Paths: []string{filepath.Join(root, entry.Name())}}
			translation := Translate(loader.Load(t.Context()), Options{})
			wanted := deliberate[entry.Name()]
			for _, problem := range translation.Problems() {
				text := fmt.Sprint(problem)
				if wanted == "" || !strings.Contains(text, wanted) {
					t.Error(text)
				}
			}
			if wanted != "" && len(translation.Problems()) != 1 {
				t.Errorf("it has %d problems, and should have one: %s", len(translation.Problems()), wanted)
			}
			if !translation.Serves() || len(translation.Config.Routes) == 0 {
				t.Error("it serves nothing")
			}
		})
	}
}
