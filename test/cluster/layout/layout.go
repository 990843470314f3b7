// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package layout says where a test cluster keeps what it writes, and where the
// programs that it runs are.
package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kubera-dev/kubera/test/cluster/credentials"
)

// Programs is what is built for the node.
type Programs struct {
	// Kubernetes, Containerd and CNI are directories.
	Kubernetes, Containerd, CNI string
	// Pause is the program of the container that keeps a pod's namespaces.
	Pause string
}

// State is the directory of a cluster. Everything that the cluster writes is in it.
type State string

// New returns the state of the cluster in a directory, whatever name it goes by.
func New(directory string) (State, error) {
	absolute, err := filepath.Abs(directory)
	if err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(absolute); err == nil {
		absolute = resolved
	}
	return State(absolute), nil
}

// Name tells clusters of a machine apart: in names of links and control groups.
// It has 9 characters.
func (s State) Name() string {
	sum := sha256.Sum256([]byte(s))
	return "kt-" + hex.EncodeToString(sum[:3])
}

func (s State) path(elements ...string) string {
	return filepath.Join(append([]string{string(s)}, elements...)...)
}

// Lock is held, by flock(2), by whoever starts a cluster, and then by the cluster.
func (s State) Lock() string { return s.path("lock") }

// Record describes the cluster, see host.Record.
func (s State) Record() string { return s.path("cluster.json") }

// Switch is the socket by which components are stopped and started.
func (s State) Switch() string { return s.path("switch") }

// Kubeconfig is the file for users of the cluster.
func (s State) Kubeconfig() string { return s.path("kubeconfig") }

// Logs has a file for each component. It outlives the cluster.
func (s State) Logs() string { return s.path("log") }

// Log is the file of one component.
func (s State) Log(component string) string { return s.path("log", component+".log") }

// Credentials are the certificates and keys.
func (s State) Credentials() credentials.Directory {
	return credentials.Directory(s.path("credentials"))
}

// Config is a configuration file.
func (s State) Config(name string) string { return s.path("config", name) }

// Data is the directory of etcd.
func (s State) Data() string { return s.path("etcd") }

// VarLib is what the node sees as /var/lib, VarLog as /var/log.
func (s State) VarLib() string { return s.path("var-lib") }

// VarLog is what the node sees as /var/log.
func (s State) VarLog() string { return s.path("var-log") }

// Sysctl are the files that the node sees in /proc/sys.
func (s State) Sysctl() string { return s.path("sysctl") }

// Make makes all directories.
func (s State) Make() error {
	for _, d := range []string{
		s.Logs(), string(s.Credentials()), s.path("config"), s.Data(), s.VarLib(), s.VarLog(), s.Sysctl(),
	} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return fmt.Errorf("state of the cluster: %w", err)
		}
	}
	return nil
}

// Clear removes all but the lock and, if asked for, the logs of the last cluster.
func (s State) Clear(keep ...string) error {
	entries, err := os.ReadDir(string(s))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	kept := map[string]bool{s.Lock(): true}
	for _, path := range keep {
		kept[path] = true
	}
	for _, entry := range entries {
		if path := s.path(entry.Name()); !kept[path] {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("state of the cluster: %w", err)
			}
		}
	}
	return nil
}
