// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package images

import (
	"bytes"
	"debug/elf"
	"fmt"
	"path"
	"regexp"
	"slices"
	"time"
)

// Wanted is what an image has to be.
type Wanted struct {
	// Program is the name of the program, which is /Program in the image.
	Program string
	// Cmd are the arguments that it is started with if none are given.
	Cmd []string
	// Version and Revision are what the image's labels say.
	Version, Revision string
}

var (
	// byNumber: a kubelet can't tell that a user by name is not root.
	byNumber = regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`)
	shells   = []string{"sh", "ash", "bash", "dash", "busybox", "zsh"}
	machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
)

// Problems are what is wrong with an image, none if it is as wanted.
func (w Wanted) Problems(i Image) []string {
	var found []string
	complain := func(format string, arguments ...any) {
		found = append(found, fmt.Sprintf(format, arguments...))
	}
	program := "/" + w.Program
	if i.OS != "linux" {
		complain("the system is %q", i.OS)
	}
	if !byNumber.MatchString(i.Config.User) {
		complain("the user is %q, not two numbers above 0", i.Config.User)
	}
	if !slices.Equal(i.Config.Entrypoint, []string{program}) {
		complain("the entrypoint is %q", i.Config.Entrypoint)
	}
	if !slices.Equal(i.Config.Cmd, w.Cmd) {
		complain("the arguments are %q, not %q", i.Config.Cmd, w.Cmd)
	}
	found = append(found, w.labels(i.Config.Labels)...)
	found = append(found, w.files(i.Layers)...)
	if len(i.Layers) > 0 {
		found = append(found, binary(i.Layers[len(i.Layers)-1][program].Content, i.Architecture)...)
	}
	return found
}

// labels are those of the OCI image specification, annotations.md.
func (w Wanted) labels(labels map[string]string) []string {
	var found []string
	for name, want := range map[string]string{
		"title":    w.Program,
		"version":  w.Version,
		"revision": w.Revision,
		"source":   "https://github.com/kubera-dev/kubera",
		"licenses": "Apache-2.0",
	} {
		if got := labels["org.opencontainers.image."+name]; got != want {
			found = append(found, fmt.Sprintf("the label %s is %q, not %q", name, got, want))
		}
	}
	if labels["org.opencontainers.image.description"] == "" {
		found = append(found, "the label description is missing")
	}
	created := labels["org.opencontainers.image.created"]
	if _, err := time.Parse(time.RFC3339, created); err != nil {
		found = append(found, fmt.Sprintf("the label created is %q, no time of RFC 3339", created))
	}
	return found
}

// files of the last layer are the program and no more; and nothing that the layers
// below have starts other programs.
func (w Wanted) files(layers []map[string]File) []string {
	if len(layers) == 0 {
		return []string{"there is no layer"}
	}
	var found []string
	program := "/" + w.Program
	last := layers[len(layers)-1]
	for name, f := range last {
		switch {
		case name != program && name != "/":
			found = append(found, fmt.Sprintf("%s is in the last layer beside the program", name))
		case name == program && (f.Mode != 0o755 || f.UID != 0 || f.GID != 0):
			found = append(found, fmt.Sprintf("%s has mode %o and owner %d:%d: it could change itself", name, f.Mode, f.UID, f.GID))
		}
	}
	authorities := false
	for _, layer := range layers {
		for name := range layer {
			if slices.Contains(shells, path.Base(name)) {
				found = append(found, fmt.Sprintf("%s is a shell", name))
			}
			authorities = authorities || name == "/etc/ssl/certs/ca-certificates.crt"
		}
	}
	if !authorities {
		found = append(found, "there are no CA certificates, which BackendTLSPolicies with wellKnownCACertificates need")
	}
	return found
}

// binary has to be one that needs no library and fits the platform.
func binary(content []byte, architecture string) []string {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return []string{fmt.Sprintf("the program is no ELF binary: %v", err)}
	}
	var found []string
	if want, known := machines[architecture]; !known || file.Machine != want {
		found = append(found, fmt.Sprintf("the program is for %s, the image for %q", file.Machine, architecture))
	}
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			found = append(found, fmt.Sprintf("the program is not static: it has %s", p.Type))
		}
	}
	return found
}
