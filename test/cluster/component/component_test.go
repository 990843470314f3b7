// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package component_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/test/cluster/address"
	"github.com/kubera-dev/kubera/test/cluster/component"
	"github.com/kubera-dev/kubera/test/cluster/credentials"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

func node(t *testing.T) component.Node {
	t.Helper()
	block, err := address.NewBlock(2)
	if err != nil {
		t.Fatal(err)
	}
	return component.Node{
		State:        layout.State(t.TempDir()),
		Programs:     layout.Programs{Kubernetes: "/programs/kubernetes", Containerd: "/programs/containerd", CNI: "/programs/cni"},
		Addresses:    block,
		ControlGroup: "/group",
		Snapshotter:  "overlayfs",
	}
}

// flagOf returns the value of a flag that is given once.
func flagOf(t *testing.T, c component.Component, name string) string {
	t.Helper()
	var values []string
	for _, a := range c.Args {
		if value, ok := strings.CutPrefix(a, "--"+name+"="); ok {
			values = append(values, value)
		}
	}
	if len(values) != 1 {
		t.Fatalf("%s has --%s %d times", c.Name, name, len(values))
	}
	return values[0]
}

func components(t *testing.T, n component.Node) []component.Component {
	t.Helper()
	balancers, err := n.LoadBalancers()
	if err != nil {
		t.Fatal(err)
	}
	return []component.Component{
		n.Etcd(), n.APIServer(), n.ControllerManager(), n.Scheduler(), n.Kubelet(), n.Proxy(), n.Containerd(), balancers,
	}
}

// Every file that a command line or a configuration file names is there when the
// cluster has written its files.
func TestFilesExist(t *testing.T) {
	n := node(t)
	if err := n.State.Make(); err != nil {
		t.Fatal(err)
	}
	if err := credentials.Write(n.State.Credentials(), n.Addresses, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(n.State.Kubeconfig(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := n.WriteFiles(); err != nil {
		t.Fatal(err)
	}
	files, err := n.Files()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, content := range files {
		texts = append(texts, string(content))
	}
	for _, c := range components(t, n) {
		texts = append(texts, strings.Join(c.Args, "\n"))
	}
	named := 0
	separators := func(r rune) bool { return strings.ContainsRune(" \n=\"'[],", r) }
	for _, text := range texts {
		for _, word := range strings.FieldsFunc(text, separators) {
			if !strings.HasPrefix(word, string(n.State)) {
				continue
			}
			named++
			if _, err := os.Stat(word); err != nil {
				t.Error(err)
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d files are named", named)
	}
}

// Components agree on addresses.
func TestAddresses(t *testing.T) {
	n := node(t)
	services, pods := n.Addresses.Services.String(), n.Addresses.Pods.String()
	for _, test := range []struct {
		component  component.Component
		flag, want string
	}{
		{n.APIServer(), "service-cluster-ip-range", services},
		{n.ControllerManager(), "service-cluster-ip-range", services},
		{n.ControllerManager(), "cluster-cidr", pods},
		{n.APIServer(), "advertise-address", "198.18.32.2"},
		{n.Kubelet(), "node-ip", "198.18.32.2"},
		{n.APIServer(), "etcd-servers", flagOf(t, n.Etcd(), "advertise-client-urls")},
	} {
		if got := flagOf(t, test.component, test.flag); got != test.want {
			t.Errorf("%s --%s is %s, want %s", test.component.Name, test.flag, got, test.want)
		}
	}
	balancers, err := n.LoadBalancers()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := flagOf(t, balancers, "pool"), n.Addresses.Pool.String(); got != want {
		t.Errorf("pool is %s, want %s", got, want)
	}
}

func TestProgramsComeFromTheirDirectories(t *testing.T) {
	n := node(t)
	for _, c := range []component.Component{n.Etcd(), n.APIServer(), n.Kubelet()} {
		if want := filepath.Join("/programs/kubernetes", c.Name); c.Path != want {
			t.Errorf("%s is %s, want %s", c.Name, c.Path, want)
		}
	}
	if c := n.Containerd(); c.Path != "/programs/containerd/containerd" {
		t.Errorf("containerd is %s", c.Path)
	}
}

// No two components write to one log.
func TestNames(t *testing.T) {
	var names []string
	for _, c := range components(t, node(t)) {
		if slices.Contains(names, c.Name) {
			t.Errorf("two components are called %s", c.Name)
		}
		names = append(names, c.Name)
	}
}

func TestKubeletConfiguration(t *testing.T) {
	n := node(t)
	files, err := n.Files()
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		CgroupRoot               string
		ContainerRuntimeEndpoint string
		FailCgroupV1             *bool
		ResolvConf               *string
	}
	if err := yaml.Unmarshal(files[n.State.Config("kubelet.yaml")], &config); err != nil {
		t.Fatal(err)
	}
	if config.CgroupRoot != "/group" {
		t.Errorf("control group %q", config.CgroupRoot)
	}
	if config.ContainerRuntimeEndpoint != "unix://"+component.ContainerdSocket {
		t.Errorf("runtime %q", config.ContainerRuntimeEndpoint)
	}
	if config.FailCgroupV1 == nil || *config.FailCgroupV1 {
		t.Error("the kubelet refuses the first version of control groups")
	}
	if config.ResolvConf == nil || *config.ResolvConf != "" {
		t.Error("pods get the name servers of this machine")
	}
}

func TestNetworkConfiguration(t *testing.T) {
	n := node(t)
	files, err := n.Files()
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Plugins []struct {
			Type string
			IPAM struct {
				Ranges [][]struct{ Subnet string }
			}
		}
	}
	if err := json.Unmarshal(files[filepath.Join(n.State.Config("net.d"), "10-pods.conflist")], &config); err != nil {
		t.Fatal(err)
	}
	if len(config.Plugins) != 1 || config.Plugins[0].Type != "ptp" || config.Plugins[0].IPAM.Ranges[0][0].Subnet != n.Addresses.Pods.String() {
		t.Errorf("plugins: %+v", config.Plugins)
	}
}
