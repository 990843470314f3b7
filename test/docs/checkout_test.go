// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// checkout gives a copy of the repository as it is now, without what is built.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := copyRepository(dir); err != nil {
		t.Fatalf("copying the repository: %v", err)
	}
	return dir
}

func copyRepository(dir string) error {
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	paths, err := list.Output()
	if err != nil {
		return err
	}
	for path := range strings.SplitSeq(string(bytes.TrimRight(paths, "\x00")), "\x00") {
		from, to := filepath.Join(root, path), filepath.Join(dir, path)
		info, err := os.Lstat(from)
		if os.IsNotExist(err) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			return err
		}
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, data, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}

// programs is the folder with kubera and kubera-proxy. They are built once, as the pages
// say, and stay for the next run of the tests.
var programs = sync.OnceValues(func() (string, error) {
	build := exec.Command("make", "bin/kubera", "bin/kubera-proxy")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", &exec.Error{Name: "make: " + string(out), Err: err}
	}
	return filepath.Abs(filepath.Join(root, "bin"))
})

// environment is that of a reader who has built the programs and has them in the PATH.
func environment(t *testing.T) []string {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	// Without it curl shows its progress, which it does not at a terminal.
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte("silent\nshow-error\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CURL_HOME="+home, "LC_ALL=C", "TZ=UTC", "MAKEFLAGS=", "MAKELEVEL=")
}
