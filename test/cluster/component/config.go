// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package component

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"github.com/kubera-dev/kubera/test/cluster/credentials"
)

//go:embed templates
var templates embed.FS

// The configuration files, by the names of their templates.
const (
	kubeletFile    = "kubelet.yaml"
	proxyFile      = "kube-proxy.yaml"
	containerdFile = "containerd.toml"
	// Pods get a link of their own to the node, by the plugin ptp: every packet
	// between them is routed, and so seen by kube-proxy's rules. On a bridge, answers
	// would go past those, for want of a kernel module that not every machine has.
	networkFile = "10-pods.conflist"
)

// values is what the templates refer to.
type values struct {
	Node

	Credentials   credentials.Directory
	NodeName      string
	Socket        string
	PauseImage    string
	VolumePlugins string
	NetworkDir    string
	CNI           string
	Shim          string
}

// Files returns the content of the configuration files by path.
func (n Node) Files() (map[string][]byte, error) {
	parsed, err := template.New("").Option("missingkey=error").ParseFS(templates, "templates/*")
	if err != nil {
		return nil, err
	}
	v := values{
		Node:          n,
		Credentials:   n.State.Credentials(),
		NodeName:      credentials.NodeName,
		Socket:        ContainerdSocket,
		PauseImage:    PauseImage,
		VolumePlugins: "/var/lib/kubelet-plugins",
		NetworkDir:    n.State.Config("net.d"),
		CNI:           n.Programs.CNI,
		Shim:          filepath.Join(n.Programs.Containerd, "containerd-shim-runc-v2"),
	}
	files := map[string][]byte{}
	for name, path := range map[string]string{
		kubeletFile:    n.State.Config(kubeletFile),
		proxyFile:      n.State.Config(proxyFile),
		containerdFile: n.State.Config(containerdFile),
		networkFile:    filepath.Join(v.NetworkDir, networkFile),
	} {
		var content bytes.Buffer
		if err := parsed.ExecuteTemplate(&content, name, v); err != nil {
			return nil, fmt.Errorf("configuration of the node: %w", err)
		}
		files[path] = content.Bytes()
	}
	return files, nil
}

// WriteFiles writes them.
func (n Node) WriteFiles() error {
	files, err := n.Files()
	if err != nil {
		return err
	}
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
