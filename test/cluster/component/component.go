// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package component says how each program of the node is run: its command line and
// its configuration file. It runs nothing.
package component

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/kubera-dev/kubera/test/cluster/address"
	"github.com/kubera-dev/kubera/test/cluster/credentials"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// ContainerdSocket is where the node has it: its /run is its own.
const ContainerdSocket = "/run/containerd/containerd.sock"

// PauseImage is the image of the container that keeps a pod's namespaces.
const PauseImage = "kubera.test/pause:1"

// Component is one program of the node.
type Component struct {
	// Name is also that of its log.
	Name string
	Path string
	Args []string
}

// Node is what the components are configured for.
type Node struct {
	State     layout.State
	Programs  layout.Programs
	Addresses address.Block
	// ControlGroup is below which pods run, a path from the roots of the hierarchies.
	ControlGroup string
	// Snapshotter is how containerd lays out the files of containers.
	Snapshotter string
}

func (n Node) kubernetes(name string, args ...string) Component {
	return Component{Name: name, Path: filepath.Join(n.Programs.Kubernetes, name), Args: args}
}

// Etcd keeps the objects. Nothing of a test cluster has to survive the machine.
func (n Node) Etcd() Component {
	c := n.State.Credentials()
	const client, peer = "https://127.0.0.1:2379", "http://127.0.0.1:2380"
	return n.kubernetes("etcd",
		"--name=node",
		"--data-dir="+n.State.Data(),
		"--unsafe-no-fsync",
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=node="+peer,
		"--cert-file="+c.Certificate("etcd"), "--key-file="+c.Key("etcd"),
		"--trusted-ca-file="+c.Authority(), "--client-cert-auth",
		"--log-level=warn",
	)
}

// APIServer is kube-apiserver with the admission that it has by default, which
// includes the pod security standards.
func (n Node) APIServer() Component {
	const name = "kube-apiserver"
	c := n.State.Credentials()
	return n.kubernetes(name,
		"--advertise-address="+n.Addresses.Node.Addr().String(),
		"--secure-port=6443",
		"--allow-privileged",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--client-ca-file="+c.Authority(),
		"--tls-cert-file="+c.Certificate(name), "--tls-private-key-file="+c.Key(name),
		"--etcd-servers=https://127.0.0.1:2379",
		"--etcd-cafile="+c.Authority(), "--etcd-certfile="+c.Certificate("etcd"), "--etcd-keyfile="+c.Key("etcd"),
		// The name of the node does not resolve.
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority="+c.Authority(),
		"--kubelet-client-certificate="+c.Certificate(name), "--kubelet-client-key="+c.Key(name),
		"--service-cluster-ip-range="+n.Addresses.Services.String(),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file="+c.SigningPublic(),
		"--service-account-signing-key-file="+c.SigningKey(),
	)
}

// ControllerManager runs Kubernetes' own controllers.
func (n Node) ControllerManager() Component {
	const name = "kube-controller-manager"
	c := n.State.Credentials()
	return n.kubernetes(name,
		"--kubeconfig="+c.Kubeconfig(name),
		"--use-service-account-credentials",
		"--root-ca-file="+c.Authority(),
		"--service-account-private-key-file="+c.SigningKey(),
		"--cluster-cidr="+n.Addresses.Pods.String(),
		"--service-cluster-ip-range="+n.Addresses.Services.String(),
		"--leader-elect=false",
	)
}

// Scheduler is kube-scheduler.
func (n Node) Scheduler() Component {
	const name = "kube-scheduler"
	return n.kubernetes(name, "--kubeconfig="+n.State.Credentials().Kubeconfig(name), "--leader-elect=false")
}

// Kubelet runs the pods.
func (n Node) Kubelet() Component {
	const name = "kubelet"
	return n.kubernetes(name,
		"--config="+n.State.Config(kubeletFile),
		"--kubeconfig="+n.State.Credentials().Kubeconfig(name),
		"--hostname-override="+credentials.NodeName,
		"--node-ip="+n.Addresses.Node.Addr().String(),
	)
}

// Proxy serves the addresses of Services, those of load balancers too.
func (n Node) Proxy() Component {
	return n.kubernetes("kube-proxy", "--config="+n.State.Config(proxyFile))
}

// Containerd runs the containers.
func (n Node) Containerd() Component {
	return Component{
		Name: "containerd",
		Path: filepath.Join(n.Programs.Containerd, "containerd"),
		Args: []string{"--config=" + n.State.Config(containerdFile), "--log-level=warn"},
	}
}

// LoadBalancers is this program itself, giving addresses to Services.
func (n Node) LoadBalancers() (Component, error) {
	self, err := os.Executable()
	if err != nil {
		return Component{}, fmt.Errorf("path of this program: %w", err)
	}
	return Component{
		Name: "load-balancers",
		Path: self,
		Args: []string{
			"load-balancers",
			"--kubeconfig=" + n.State.Kubeconfig(),
			"--pool=" + n.Addresses.Pool.String(),
		},
	}, nil
}
