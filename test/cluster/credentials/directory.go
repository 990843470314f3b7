// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package credentials

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubera-dev/kubera/test/cluster/address"
)

// NodeName is the name of the only node.
const NodeName = "node"

// Directory is where the files are.
type Directory string

func (d Directory) file(name string) string { return filepath.Join(string(d), name) }

// Authority is the file with the certificate of the authority.
func (d Directory) Authority() string { return d.file("ca.crt") }

// SigningKey is the file with the key by which service account tokens are signed.
func (d Directory) SigningKey() string { return d.file("service-accounts.key") }

// SigningPublic is the file with the key by which they are verified.
func (d Directory) SigningPublic() string { return d.file("service-accounts.pub") }

// Certificate is the file with the certificate that a component serves with.
func (d Directory) Certificate(name string) string { return d.file(name + ".crt") }

// Key is the file with the key of Certificate.
func (d Directory) Key(name string) string { return d.file(name + ".key") }

// Kubeconfig is the file by which a component reaches the API server.
func (d Directory) Kubeconfig(name string) string { return d.file(name + ".kubeconfig") }

// clients are the components that talk to the API server, by name. RBAC's built-in
// roles are bound to these users and groups.
var clients = map[string]Identity{
	"admin":                   {User: "admin", Groups: []string{"system:masters"}},
	"kube-controller-manager": {User: "system:kube-controller-manager"},
	"kube-scheduler":          {User: "system:kube-scheduler"},
	"kube-proxy":              {User: "system:kube-proxy"},
	"kubelet":                 {User: "system:node:" + NodeName, Groups: []string{"system:nodes"}},
}

// Write fills the directory, which must exist, for a cluster with these addresses.
// Files can be read by their owner only.
func Write(d Directory, block address.Block, now time.Time) error {
	authority, err := NewAuthority(now)
	if err != nil {
		return err
	}
	files := map[string][]byte{d.Authority(): authority.PEM}
	for name, identity := range clients {
		pair, err := authority.Issue(identity, now)
		if err != nil {
			return err
		}
		if files[d.Kubeconfig(name)], err = kubeconfig(authority, pair, block); err != nil {
			return err
		}
	}
	for name, identity := range servers(block) {
		pair, err := authority.Issue(identity, now)
		if err != nil {
			return err
		}
		files[d.Certificate(name)], files[d.Key(name)] = pair.Certificate, pair.Key
	}
	signing, err := SigningKey()
	if err != nil {
		return err
	}
	files[d.SigningPublic()], files[d.SigningKey()] = signing.Certificate, signing.Key
	for path, content := range files {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// servers are the components with a certificate in a file. The API server's is also
// the one by which it connects to the kubelet.
func servers(block address.Block) map[string]Identity {
	return map[string]Identity{
		"kube-apiserver": {
			User: "kube-apiserver-kubelet-client", Groups: []string{"system:masters"},
			Names:     []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
			Addresses: append(loopback(), block.Node.Addr(), block.APIServer()),
		},
		"kubelet": {
			User:      "system:node:" + NodeName,
			Groups:    []string{"system:nodes"},
			Names:     []string{NodeName},
			Addresses: append(loopback(), block.Node.Addr()),
		},
		"etcd": {User: "etcd", Names: []string{"localhost"}, Addresses: loopback()},
	}
}

func loopback() []netip.Addr {
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
}

func kubeconfig(authority *Authority, pair Pair, block address.Block) ([]byte, error) {
	const name = "kubera-test"
	content, err := clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{name: {
			Server: Server(block), CertificateAuthorityData: authority.PEM,
		}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{name: {
			ClientCertificateData: pair.Certificate, ClientKeyData: pair.Key,
		}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	})
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return content, nil
}

// Server is the URL of the API server, from the node and from the machine.
func Server(block address.Block) string {
	return "https://" + block.Node.Addr().String() + ":6443"
}
