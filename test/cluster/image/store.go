// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// namespace is where the kubelet's images are.
const namespace = "k8s.io"

// Store is the images of a containerd.
type Store struct {
	// Programs is the directory with ctr.
	Programs string
	Socket   string
}

// Import adds an image, or moves its names to it.
func (s Store) Import(ctx context.Context, i Image) error {
	reader, writer := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := i.Write(writer)
		writer.CloseWithError(err)
		written <- err
	}()
	var output bytes.Buffer
	command := exec.CommandContext(ctx, filepath.Join(s.Programs, "ctr"),
		"--address="+s.Socket, "--namespace="+namespace, "images", "import", "-")
	command.Stdin, command.Stdout, command.Stderr = reader, &output, &output
	err := command.Run()
	// What is being written has no reader any more.
	reader.Close()
	if problem := <-written; err == nil || problem != nil && !errors.Is(problem, io.ErrClosedPipe) {
		return problem
	}
	return fmt.Errorf("import image %q: %w: %s", i.Names, err, strings.TrimSpace(output.String()))
}
