// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image makes container images of one static program each, without an
// engine or a registry: what the last stage of Kubera's Dockerfiles comes to.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
)

// Image is a program and how it is started.
type Image struct {
	// Names are references with a tag, such as kubera-proxy:devel. They may lack a
	// registry, which is Docker Hub then.
	Names []string
	// Program is the file of a statically linked binary, Path where the image has it.
	Program, Path string
	Entrypoint    []string
	Cmd           []string
	// User is "UID:GID". Empty means root.
	User string
}

// manifest and config are the two documents of an archive, as docker save writes
// them and containerd imports them.
type manifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

type config struct {
	Architecture string        `json:"architecture"`
	OS           string        `json:"os"`
	Config       processConfig `json:"config"`
	RootFS       rootFS        `json:"rootfs"`
}

type processConfig struct {
	User       string   `json:"User,omitempty"`
	Env        []string `json:"Env"`
	Entrypoint []string `json:"Entrypoint,omitempty"`
	Cmd        []string `json:"Cmd,omitempty"`
	WorkingDir string   `json:"WorkingDir"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// Write writes an archive with the image, which is held in memory meanwhile.
func (i Image) Write(w io.Writer) error {
	layer, err := i.layer()
	if err != nil {
		return fmt.Errorf("image %q: %w", i.Names, err)
	}
	document, err := json.Marshal(config{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Config: processConfig{
			User:       i.User,
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Entrypoint: i.Entrypoint,
			Cmd:        i.Cmd,
			WorkingDir: "/",
		},
		RootFS: rootFS{Type: "layers", DiffIDs: []string{"sha256:" + digest(layer)}},
	})
	if err != nil {
		return err
	}
	configName, layerName := digest(document)+".json", digest(layer)+".tar"
	list, err := json.Marshal([]manifest{{Config: configName, RepoTags: i.Names, Layers: []string{layerName}}})
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	for _, file := range []entry{
		{name: layerName, mode: 0o644, content: layer},
		{name: configName, mode: 0o644, content: document},
		{name: "manifest.json", mode: 0o644, content: list},
	} {
		if err := file.write(archive); err != nil {
			return fmt.Errorf("image %q: %w", i.Names, err)
		}
	}
	return archive.Close()
}

// layer is the file system: the program, and what programs take for granted.
func (i Image) layer() ([]byte, error) {
	program, err := os.ReadFile(i.Program)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	layer := tar.NewWriter(&buffer)
	for _, file := range []entry{
		{name: "tmp/", mode: 0o1777, directory: true},
		{name: "etc/", mode: 0o755, directory: true},
		{name: "etc/passwd", mode: 0o644, content: []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n")},
		{name: path.Clean("/" + i.Path)[1:], mode: 0o755, content: program},
	} {
		if err := file.write(layer); err != nil {
			return nil, err
		}
	}
	if err := layer.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// entry is a file or a directory in an archive. Times and owners are zero: the
// same image has the same digest.
type entry struct {
	name      string
	mode      int64
	content   []byte
	directory bool
}

func (e entry) write(w *tar.Writer) error {
	header := &tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.content)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
	if e.directory {
		header.Typeflag = tar.TypeDir
	}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err := w.Write(e.content)
	return err
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
