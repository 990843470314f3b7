// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package images_test

import (
	"debug/elf"
	"encoding/binary"
	"maps"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/test/images"
)

var wanted = images.Wanted{Program: "kubera-proxy", Cmd: []string{"serve"}, Version: "1.2.3", Revision: "abc"}

// program is an ELF header with one segment.
func program(machine elf.Machine, segment elf.ProgType) []byte {
	raw := make([]byte, 64+56)
	copy(raw, elf.ELFMAG)
	raw[elf.EI_CLASS], raw[elf.EI_DATA], raw[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	little := binary.LittleEndian
	little.PutUint16(raw[16:], uint16(elf.ET_EXEC))
	little.PutUint16(raw[18:], uint16(machine))
	little.PutUint32(raw[20:], uint32(elf.EV_CURRENT))
	little.PutUint64(raw[32:], 64) // offset of the segments
	little.PutUint16(raw[52:], 64) // size of this header
	little.PutUint16(raw[54:], 56) // size of a segment
	little.PutUint16(raw[56:], 1)  // number of segments
	little.PutUint16(raw[58:], 64) // size of a section
	little.PutUint32(raw[64:], uint32(segment))
	return raw
}

// good is an image with nothing wrong, new for each caller.
func good() images.Image {
	return images.Image{
		OS: "linux", Architecture: "amd64",
		Config: images.Config{
			User: "65532:65532", Entrypoint: []string{"/kubera-proxy"}, Cmd: []string{"serve"},
			Labels: map[string]string{
				"org.opencontainers.image.title":       "kubera-proxy",
				"org.opencontainers.image.description": "a proxy",
				"org.opencontainers.image.version":     "1.2.3",
				"org.opencontainers.image.revision":    "abc",
				"org.opencontainers.image.created":     "2026-11-26T18:54:52+00:00",
				"org.opencontainers.image.source":      "https://github.com/kubera-dev/kubera",
				"org.opencontainers.image.licenses":    "Apache-2.0",
			},
		},
		Layers: []map[string]images.File{
			{"/": {}, "/etc/ssl/certs/ca-certificates.crt": {Mode: 0o644, Content: []byte("x")}},
			{"/": {}, "/kubera-proxy": {Mode: 0o755, Content: program(elf.EM_X86_64, elf.PT_LOAD)}},
		},
	}
}

func TestGoodImage(t *testing.T) {
	if problems := wanted.Problems(good()); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestBadImages(t *testing.T) {
	label := func(name, value string) func(*images.Image) {
		return func(i *images.Image) { i.Config.Labels["org.opencontainers.image."+name] = value }
	}
	file := func(layer int, name string, f images.File) func(*images.Image) {
		return func(i *images.Image) { i.Layers[layer][name] = f }
	}
	for want, change := range map[string]func(*images.Image){
		`system is "windows"`:        func(i *images.Image) { i.OS = "windows" },
		`user is "nonroot"`:          func(i *images.Image) { i.Config.User = "nonroot" },
		`user is ""`:                 func(i *images.Image) { i.Config.User = "" },
		`user is "0:65532"`:          func(i *images.Image) { i.Config.User = "0:65532" },
		"entrypoint":                 func(i *images.Image) { i.Config.Entrypoint = []string{"/bin/sh", "-c"} },
		"arguments":                  func(i *images.Image) { i.Config.Cmd = nil },
		"label title":                label("title", "other"),
		"label version":              label("version", "devel"),
		"label revision":             label("revision", ""),
		"label source":               label("source", ""),
		"label licenses":             label("licenses", "MIT"),
		"label description":          label("description", ""),
		"label created":              label("created", "yesterday"),
		"there is no layer":          func(i *images.Image) { i.Layers = nil },
		"/src/go.mod is in the last": file(1, "/src/go.mod", images.File{}),
		"mode 777":                   file(1, "/kubera-proxy", images.File{Mode: 0o777, Content: program(elf.EM_X86_64, elf.PT_LOAD)}),
		"owner 65532:0":              file(1, "/kubera-proxy", images.File{Mode: 0o755, UID: 65532, Content: program(elf.EM_X86_64, elf.PT_LOAD)}),
		"/bin/busybox is a shell":    file(0, "/bin/busybox", images.File{}),
		"no CA certificates":         func(i *images.Image) { i.Layers[0] = map[string]images.File{"/": {}} },
		"no ELF binary":              file(1, "/kubera-proxy", images.File{Mode: 0o755, Content: []byte("#!/bin/sh")}),
		"the image for \"arm64\"":    func(i *images.Image) { i.Architecture = "arm64" },
		"not static: it has PT_INTERP": file(1, "/kubera-proxy",
			images.File{Mode: 0o755, Content: program(elf.EM_X86_64, elf.PT_INTERP)}),
		"not static: it has PT_DYNAMIC": file(1, "/kubera-proxy",
			images.File{Mode: 0o755, Content: program(elf.EM_X86_64, elf.PT_DYNAMIC)}),
	} {
		i := good()
		i.Config.Labels = maps.Clone(i.Config.Labels)
		change(&i)
		if problems := strings.Join(wanted.Problems(i), "; "); !strings.Contains(problems, want) {
			t.Errorf("want a problem with %q, have %q", want, problems)
		}
	}
}
