// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Image is one platform's image.
type Image struct {
	OS, Architecture string
	Created          time.Time
	Config           Config
	// Layers are the files of each, the base's first.
	Layers []map[string]File
}

// Config is how an image is started, by the names of the OCI image specification.
type Config struct {
	User       string
	Entrypoint []string
	Cmd        []string
	Env        []string
	Labels     map[string]string
}

// File is a file of a layer.
type File struct {
	// Mode has permissions only; UID and GID are the owners.
	Mode     int64
	UID, GID int
	// Content is nil for anything but a regular file.
	Content []byte
}

// descriptor points to a blob, which is an image or a list of them.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
}

// ReadLayout reads every image of an OCI image layout, lists of images included.
func ReadLayout(layout fs.FS) ([]Image, error) {
	var index struct {
		Manifests []descriptor `json:"manifests"`
	}
	if err := readJSON(layout, "index.json", &index); err != nil {
		return nil, err
	}
	return readAll(layout, index.Manifests)
}

func readAll(layout fs.FS, list []descriptor) ([]Image, error) {
	var images []Image
	for _, d := range list {
		// A manifest has config and layers, an index has manifests.
		var document struct {
			Manifests []descriptor `json:"manifests"`
			Config    descriptor   `json:"config"`
			Layers    []descriptor `json:"layers"`
		}
		if err := readJSON(layout, blob(d), &document); err != nil {
			return nil, err
		}
		if len(document.Manifests) > 0 {
			more, err := readAll(layout, document.Manifests)
			if err != nil {
				return nil, err
			}
			images = append(images, more...)
			continue
		}
		i, err := readImage(layout, document.Config, document.Layers)
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", d.Digest, err)
		}
		images = append(images, i)
	}
	return images, nil
}

func readImage(layout fs.FS, config descriptor, layers []descriptor) (Image, error) {
	var i Image
	if err := readJSON(layout, blob(config), &i); err != nil {
		return Image{}, err
	}
	for _, d := range layers {
		raw, err := fs.ReadFile(layout, blob(d))
		if err != nil {
			return Image{}, err
		}
		files, err := readLayer(d, raw)
		if err != nil {
			return Image{}, fmt.Errorf("layer %s: %w", d.Digest, err)
		}
		i.Layers = append(i.Layers, files)
	}
	return i, nil
}

func readLayer(d descriptor, raw []byte) (map[string]File, error) {
	var content io.Reader = bytes.NewReader(raw)
	if strings.HasSuffix(d.MediaType, "gzip") {
		unzipped, err := gzip.NewReader(content)
		if err != nil {
			return nil, err
		}
		content = unzipped
	}
	files := map[string]File{}
	archive := tar.NewReader(content)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		f := File{Mode: header.Mode & 0o7777, UID: header.Uid, GID: header.Gid}
		if header.Typeflag == tar.TypeReg {
			if f.Content, err = io.ReadAll(archive); err != nil {
				return nil, err
			}
		}
		files[path.Clean("/"+header.Name)] = f
	}
}

func blob(d descriptor) string {
	algorithm, sum, _ := strings.Cut(d.Digest, ":")
	return path.Join("blobs", algorithm, sum)
}

func readJSON(layout fs.FS, name string, into any) error {
	raw, err := fs.ReadFile(layout, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
