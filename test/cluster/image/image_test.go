// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/test/cluster/image"
)

type file struct {
	Mode    int64
	Content string
}

func untar(t *testing.T, content []byte) map[string]file {
	t.Helper()
	files := map[string]file{}
	archive := tar.NewReader(bytes.NewReader(content))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = file{Mode: header.Mode, Content: string(data)}
	}
}

func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("binary"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWrite(t *testing.T) {
	i := image.Image{
		Names: []string{"a:1", "b.test/c:2"}, Program: program(t), Path: "/usr/bin/p",
		Entrypoint: []string{"/usr/bin/p"}, Cmd: []string{"serve"}, User: "65532:65532",
	}
	var out bytes.Buffer
	if err := i.Write(&out); err != nil {
		t.Fatal(err)
	}
	archive := untar(t, out.Bytes())

	var manifests []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal([]byte(archive["manifest.json"].Content), &manifests); err != nil {
		t.Fatal(err)
	}
	if len(manifests) != 1 || len(manifests[0].Layers) != 1 {
		t.Fatalf("manifest: %+v", manifests)
	}
	if diff := cmp.Diff(i.Names, manifests[0].RepoTags); diff != "" {
		t.Error("names:", diff)
	}

	var config struct {
		Config struct {
			User            string
			Entrypoint, Cmd []string
		}
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal([]byte(archive[manifests[0].Config].Content), &config); err != nil {
		t.Fatal(err)
	}
	if config.Config.User != i.User || !cmp.Equal(config.Config.Entrypoint, i.Entrypoint) || !cmp.Equal(config.Config.Cmd, i.Cmd) {
		t.Errorf("config: %+v", config.Config)
	}
	layer := archive[manifests[0].Layers[0]].Content
	sum := sha256.Sum256([]byte(layer))
	if diff := cmp.Diff([]string{"sha256:" + hex.EncodeToString(sum[:])}, config.RootFS.DiffIDs); diff != "" {
		t.Error("digest of the layer:", diff)
	}
	files := untar(t, []byte(layer))
	if got, want := files["usr/bin/p"], (file{Mode: 0o755, Content: "binary"}); got != want {
		t.Errorf("program: %+v", got)
	}
	if got := files["tmp/"].Mode; got != 0o1777 {
		t.Errorf("/tmp has mode %o", got)
	}
}

func TestWriteWithoutProgram(t *testing.T) {
	i := image.Image{Names: []string{"a:1"}, Program: filepath.Join(t.TempDir(), "none"), Path: "/p"}
	if err := i.Write(io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// The Dockerfiles of this repository are understood.
func TestFromDockerfile(t *testing.T) {
	for name, want := range map[string]image.Image{
		"Dockerfile.controller": {Path: "/kubera-controller", Entrypoint: []string{"/kubera-controller"}, User: "65532:65532"},
		"Dockerfile.proxy":      {Path: "/kubera-proxy", Entrypoint: []string{"/kubera-proxy"}, Cmd: []string{"serve"}, User: "65532:65532"},
	} {
		want.Names, want.Program = []string{"x:1"}, "bin/x"
		got, err := image.FromDockerfile(filepath.Join("..", "..", "..", name), "bin/x", "x:1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestBadDockerfiles(t *testing.T) {
	for name, content := range map[string]string{
		"entrypoint is no JSON": "FROM a\nCOPY --from=b /x /x\nENTRYPOINT /x --flag\n",
		"no entrypoint":         "FROM a\nCOPY --from=b /x /x\n",
		"no program":            "FROM a\nENTRYPOINT [\"/x\"]\n",
		"two programs":          "FROM a\nCOPY --from=b /x /x\nCOPY --from=b /y /y\nENTRYPOINT [\"/x\"]\n",
		"only an earlier stage": "FROM a\nCOPY --from=b /x /x\nENTRYPOINT [\"/x\"]\nFROM c\n",
	} {
		path := filepath.Join(t.TempDir(), "Dockerfile")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if i, err := image.FromDockerfile(path, "x"); err == nil {
			t.Errorf("%s: no error, but %+v", name, i)
		}
	}
}
