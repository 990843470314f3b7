// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package credentials_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubera-dev/kubera/test/cluster/address"
	"github.com/kubera-dev/kubera/test/cluster/credentials"
)

func write(t *testing.T) (credentials.Directory, address.Block) {
	t.Helper()
	block, err := address.NewBlock(1)
	if err != nil {
		t.Fatal(err)
	}
	d := credentials.Directory(t.TempDir())
	if err := credentials.Write(d, block, time.Now()); err != nil {
		t.Fatal(err)
	}
	return d, block
}

func authority(t *testing.T, d credentials.Directory) *x509.CertPool {
	t.Helper()
	content, err := os.ReadFile(d.Authority())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		t.Fatal("no certificate of the authority")
	}
	return pool
}

// Each kubeconfig leads to the API server as the user that RBAC knows.
func TestKubeconfigs(t *testing.T) {
	d, _ := write(t)
	for name, want := range map[string]struct {
		user   string
		groups []string
	}{
		"admin":                   {"admin", []string{"system:masters"}},
		"kubelet":                 {"system:node:node", []string{"system:nodes"}},
		"kube-scheduler":          {"system:kube-scheduler", nil},
		"kube-controller-manager": {"system:kube-controller-manager", nil},
		"kube-proxy":              {"system:kube-proxy", nil},
	} {
		config, err := clientcmd.BuildConfigFromFlags("", d.Kubeconfig(name))
		if err != nil {
			t.Fatal(err)
		}
		if want := "https://198.18.16.2:6443"; config.Host != want {
			t.Errorf("%s: server %s, want %s", name, config.Host, want)
		}
		pair, err := tls.X509KeyPair(config.CertData, config.KeyData)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		subject := pair.Leaf.Subject
		if subject.CommonName != want.user || !slices.Equal(subject.Organization, want.groups) {
			t.Errorf("%s: user %q, groups %q", name, subject.CommonName, subject.Organization)
		}
		options := x509.VerifyOptions{Roots: authority(t, d), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if _, err := pair.Leaf.Verify(options); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Servers have certificates for all names and addresses that they are called by.
func TestServers(t *testing.T) {
	d, block := write(t)
	for name, hosts := range map[string][]string{
		"etcd":           {"127.0.0.1", "localhost"},
		"kubelet":        {block.Node.Addr().String()},
		"kube-apiserver": {"127.0.0.1", block.Node.Addr().String(), block.APIServer().String(), "kubernetes.default.svc"},
	} {
		pair, err := tls.LoadX509KeyPair(d.Certificate(name), d.Key(name))
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range hosts {
			options := x509.VerifyOptions{Roots: authority(t, d), DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
			if _, err := pair.Leaf.Verify(options); err != nil {
				t.Errorf("%s at %s: %v", name, host, err)
			}
		}
	}
}

func TestFilesArePrivate(t *testing.T) {
	d, _ := write(t)
	files, err := filepath.Glob(filepath.Join(string(d), "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", file, mode)
		}
	}
}
