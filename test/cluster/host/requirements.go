// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// packages are the programs that a node needs of the machine, with the Debian
// packages that have them.
var packages = map[string]string{
	"ip":      "iproute2",
	"nft":     "nftables",
	"nsenter": "util-linux",
	"runc":    "runc",
}

// built are the programs that have to be in the directories of layout.Programs.
func built(p layout.Programs) []string {
	paths := []string{p.Pause}
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"} {
		paths = append(paths, filepath.Join(p.Kubernetes, name))
	}
	for _, name := range []string{"containerd", "containerd-shim-runc-v2", "ctr"} {
		paths = append(paths, filepath.Join(p.Containerd, name))
	}
	for _, name := range []string{"ptp", "host-local", "loopback"} {
		paths = append(paths, filepath.Join(p.CNI, name))
	}
	return paths
}

// CheckMachine says all that this machine lacks to run a node, and how to get it.
func CheckMachine() error {
	var missing []string
	var problems []error
	for program, pkg := range packages {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, pkg)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		problems = append(problems, fmt.Errorf("programs are missing: apt-get install -y %s", strings.Join(missing, " ")))
	}
	if os.Geteuid() != 0 {
		problems = append(problems, errors.New("making namespaces and running containers takes root: call this with sudo or as root"))
	}
	return errors.Join(problems...)
}

// CheckPrograms says what has not been built.
func CheckPrograms(p layout.Programs) error {
	var problems []error
	for _, path := range built(p) {
		if info, err := os.Stat(path); err != nil || info.Mode()&0o111 == 0 {
			problems = append(problems, fmt.Errorf("%s is missing: make cluster-programs builds it", path))
		}
	}
	return errors.Join(problems...)
}
