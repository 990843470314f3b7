// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	directory := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
	bad := write("bad.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nspc: {}\n")
	empty := write("empty.yaml", "# nothing was rendered\n")
	for _, tc := range []struct {
		paths []string
		want  string
	}{
		{[]string{good}, ""},
		{[]string{good, bad, empty}, "2 problems"},
		{[]string{filepath.Join(directory, "none.yaml")}, "none.yaml"},
	} {
		err := run(t.Context(), tc.paths)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: got %v, want %q", tc.paths, err, tc.want)
		}
	}
}
