// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"flag"
	"os"
	"path/filepath"
	"strings"

	"github.com/kubera-dev/kubera/test/docs/script"
)

// update makes pages show what commands print, instead of saying how they differ: a
// beginning for whoever writes a page, and to be read before it is believed. A line "..."
// is lost.
var update = flag.Bool("update", false, "rewrite the output that pages show")

// show rewrites what the page shows for a step.
func (r *reader) show(step script.Step, printed string) error {
	path := filepath.Join(root, r.options.page)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before := "```console\n"
	if step.Command != "" {
		before = "$ " + step.Command + "\n"
	}
	printed = strings.TrimRight(strings.ReplaceAll(printed, "\r", ""), " \n") + "\n"
	want := strings.TrimRight(step.Want, "\n") + "\n"
	page := strings.Replace(string(data), before+want, before+printed, 1)
	return os.WriteFile(path, []byte(page), 0o644)
}
