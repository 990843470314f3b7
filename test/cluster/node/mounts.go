// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// sysctls are those that the kubelet sets where they differ. They are the machine's,
// not the namespaces', so the kubelet is shown files that have them already.
var sysctls = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// mount gives the node a /proc of its PID namespace, and its own directories in
// place of those that components write to. All of it is gone with the mount
// namespace.
func mount(state layout.State) error {
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
	}{
		// What the machine mounts is seen by the node, and not the other way round.
		{"", "/", "", unix.MS_REC | unix.MS_SLAVE},
		// Containers see what the kubelet mounts for them.
		{"", "/", "", unix.MS_REC | unix.MS_SHARED},
		{"proc", "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC},
		{"tmpfs", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV},
		{state.VarLib(), "/var/lib", "", unix.MS_BIND},
		{state.VarLog(), "/var/log", "", unix.MS_BIND},
	} {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	for name, value := range sysctls {
		file := filepath.Join(state.Sysctl(), strings.ReplaceAll(name, "/", "."))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := unix.Mount(file, filepath.Join("/proc/sys", name), "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount /proc/sys/%s: %w", name, err)
		}
	}
	return nil
}
