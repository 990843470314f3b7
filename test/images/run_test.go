// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build images

package images_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/test/images"
)

// printsVersion starts an image with --version as a kubelet would under the profile
// restricted: its user, no capability, a root that can't be written, no network.
func printsVersion(t *testing.T, i images.Image, version string) {
	t.Helper()
	bundle := t.TempDir()
	for _, layer := range i.Layers {
		extract(t, filepath.Join(bundle, "rootfs"), layer)
	}
	spec, err := json.Marshal(runtimeSpec(t, i.Config))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bundle, "config.json"), spec, 0o600); err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	name := fmt.Sprintf("kubera-images-%d", os.Getpid())
	out, err := exec.CommandContext(t.Context(), "runc", "--root", state, "run", "--bundle", bundle, name).CombinedOutput()
	if err != nil {
		t.Fatalf("runc: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), version) {
		t.Errorf("--version prints %q, want %s", out, version)
	}
}

// runtimeSpec is what the OCI runtime specification calls config.json.
func runtimeSpec(t *testing.T, config images.Config) map[string]any {
	t.Helper()
	var user struct{ UID, GID int }
	if _, err := fmt.Sscanf(config.User, "%d:%d", &user.UID, &user.GID); err != nil {
		t.Fatalf("user %q: %v", config.User, err)
	}
	namespaces := []map[string]string{}
	for _, kind := range []string{"mount", "pid", "ipc", "uts", "network"} {
		namespaces = append(namespaces, map[string]string{"type": kind})
	}
	return map[string]any{
		"ociVersion": "1.0.2",
		"root":       map[string]any{"path": "rootfs", "readonly": true},
		"process": map[string]any{
			"args":            append(config.Entrypoint[:1:1], "--version"),
			"env":             config.Env,
			"cwd":             "/",
			"user":            map[string]int{"uid": user.UID, "gid": user.GID},
			"noNewPrivileges": true,
		},
		// runc itself needs /proc.
		"mounts": []map[string]string{{"destination": "/proc", "type": "proc", "source": "proc"}},
		"linux":  map[string]any{"namespaces": namespaces},
	}
}

func extract(t *testing.T, root string, layer map[string]images.File) {
	t.Helper()
	for name, f := range layer {
		path := filepath.Join(root, name)
		directory := path
		if f.Content != nil {
			directory = filepath.Dir(path)
		}
		if err := os.MkdirAll(directory, 0o755); err != nil {
			t.Fatal(err)
		}
		if f.Content == nil {
			continue
		}
		if err := os.WriteFile(path, f.Content, os.FileMode(f.Mode)); err != nil {
			t.Fatal(err)
		}
	}
}
