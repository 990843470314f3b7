// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/test/cluster/layout"
)

func state(t *testing.T, directory string) layout.State {
	t.Helper()
	s, err := layout.New(directory)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A directory has one name, whichever way it is named, and another one another.
func TestName(t *testing.T) {
	real := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(real)
	for _, directory := range []string{link, ".", real + "/"} {
		if got, want := state(t, directory), state(t, real); got != want {
			t.Errorf("%s is %s, want %s", directory, got, want)
		}
	}
	if a, b := state(t, real).Name(), state(t, link+"2").Name(); a == b {
		t.Errorf("two clusters are called %s", a)
	}
	// Names of links have 15 characters at most.
	if name := state(t, real).Name(); len(name) != 9 {
		t.Errorf("name %q", name)
	}
}

func TestClear(t *testing.T) {
	s := state(t, t.TempDir())
	if err := s.Make(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{s.Lock(), s.Record(), s.Log("kubelet"), s.Credentials().Authority()} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		keep []string
		want []string
	}{
		{[]string{s.Logs()}, []string{"lock", "log", "log/kubelet.log"}},
		{nil, []string{"lock"}},
	} {
		if err := s.Clear(test.keep...); err != nil {
			t.Fatal(err)
		}
		var left []string
		err := filepath.WalkDir(string(s), func(path string, _ os.DirEntry, err error) error {
			if relative, _ := filepath.Rel(string(s), path); relative != "." {
				left = append(left, relative)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, left); diff != "" {
			t.Errorf("keeping %q: %s", test.keep, diff)
		}
	}
}

func TestClearOfNothing(t *testing.T) {
	if err := state(t, filepath.Join(t.TempDir(), "none")).Clear(); err != nil {
		t.Error(err)
	}
}
