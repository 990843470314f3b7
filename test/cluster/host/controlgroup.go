// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package host

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// controllers are those that a kubelet uses.
var controllers = []string{"cpu", "cpuset", "memory", "hugetlb", "pids"}

// hierarchies reads the roots of the control group hierarchies, of either version,
// from a mountinfo file.
func hierarchies(r io.Reader) ([]string, error) {
	var roots []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		// "36 35 98:0 / /sys/fs/cgroup/pids rw shared:15 - cgroup cgroup rw,pids"
		before, after, found := strings.Cut(lines.Text(), " - ")
		fields := strings.Fields(before)
		if !found || len(fields) < 5 {
			continue
		}
		if kind, _, _ := strings.Cut(after, " "); kind == "cgroup" || kind == "cgroup2" {
			roots = append(roots, fields[4])
		}
	}
	return roots, lines.Err()
}

// groups are the directories of a control group, one in each hierarchy.
func groups(name string) ([]string, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	roots, err := hierarchies(file)
	if err != nil {
		return nil, err
	}
	if len(roots) == 0 {
		return nil, errors.New("no control groups are mounted")
	}
	for i := range roots {
		roots[i] = filepath.Join(roots[i], name)
	}
	return roots, nil
}

// MakeControlGroup makes a control group in all hierarchies.
func MakeControlGroup(name string) error {
	paths, err := groups(name)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := delegate(filepath.Dir(path)); err != nil {
			return fmt.Errorf("make the control group: %w", err)
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("make the control group: %w", err)
		}
	}
	return nil
}

// delegate gives the groups within a root of version 2 the controllers that a
// kubelet wants to have, of those that there are. Version 1 has no such file, and
// all groups have all controllers of a hierarchy.
func delegate(root string) error {
	available, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	control := filepath.Join(root, "cgroup.subtree_control")
	content, err := os.ReadFile(control)
	if err != nil {
		return err
	}
	given := strings.Fields(string(content))
	for controller := range strings.FieldsSeq(string(available)) {
		if slices.Contains(controllers, controller) && !slices.Contains(given, controller) {
			if err := os.WriteFile(control, []byte("+"+controller), 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// RemoveControlGroup removes one, and those within. It must have no processes.
func RemoveControlGroup(name string) error {
	paths, err := groups(name)
	if err != nil {
		return err
	}
	var problems []error
	for _, path := range paths {
		problems = append(problems, removeTree(path))
	}
	return errors.Join(problems...)
}

// removeTree removes directories from within: their files can't be removed.
func removeTree(root string) error {
	var directories []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			directories = append(directories, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, path := range slices.Backward(directories) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the control group: %w", err)
		}
	}
	return nil
}
