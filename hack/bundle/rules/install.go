// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
	"github.com/kubera-dev/kubera/hack/bundle/generate"
)

// installRules are what bundle validate demands of a ClusterServiceVersion, but for its
// definitions.
var installRules = []Rule{
	{"csv-required", withCSV(csvRequired)},
	{"csv-name", withCSV(csvName)},
	{"upgrade-edges", withCSV(upgradeEdges)},
	{"install-modes", withCSV(installModes)},
	{"min-kube-version", withCSV(minKubeVersion)},
	{"service-accounts", withCSV(serviceAccounts)},
	{"mounts", withCSV(mounts)},
	{"size", size},
}

// withCSV makes a rule of one that has nothing to say without a ClusterServiceVersion.
func withCSV(check func(*Bundle) []string) func(*Bundle) []string {
	return func(b *Bundle) []string {
		if b.CSV == nil {
			return nil
		}
		return check(b)
	}
}

// csvRequired are the fields that the schema of the kind requires.
func csvRequired(b *Bundle) []string {
	var p problems
	install := b.CSV.Spec.Install
	p.needs(map[string]string{"metadata.name": b.CSV.Name, "spec.displayName": b.CSV.Spec.DisplayName})
	if b.CSV.APIVersion != csv.APIVersion {
		p.add("apiVersion is %q", b.CSV.APIVersion)
	}
	if install.Strategy != "deployment" {
		p.add("spec.install.strategy is %q, not deployment", install.Strategy)
	}
	if len(install.Spec.Deployments) == 0 {
		p.add("spec.install.spec.deployments is empty")
	}
	for i, d := range install.Spec.Deployments {
		if d.Name == "" || len(d.Spec.Template.Spec.Containers) == 0 || d.Spec.Selector == nil {
			p.add("spec.install.spec.deployments[%d] has no name, selector or container", i)
		}
	}
	for _, list := range [][]csv.Permissions{install.Spec.Permissions, install.Spec.ClusterPermissions} {
		for i, permissions := range list {
			if permissions.ServiceAccountName == "" || len(permissions.Rules) == 0 {
				p.add("permissions %d have no serviceAccountName or no rules", i)
			}
		}
	}
	return p
}

func csvName(b *Bundle) []string {
	var p problems
	if _, err := version.ParseSemantic(b.CSV.Spec.Version); err != nil || strings.HasPrefix(b.CSV.Spec.Version, "v") {
		p.add("spec.version %q is no semantic version", b.CSV.Spec.Version)
	}
	if want := generate.Package + ".v" + b.CSV.Spec.Version; b.CSV.Name != want {
		p.add("metadata.name is %q, not %q", b.CSV.Name, want)
	}
	if !dnsLabel.MatchString(b.CSV.Name) || len(b.CSV.Name) > 63 {
		p.add("metadata.name %q is no DNS name of 63 characters at most", b.CSV.Name)
	}
	return p
}

// upgradeEdges lead from earlier versions.
func upgradeEdges(b *Bundle) []string {
	var p problems
	own, err := version.ParseSemantic(b.CSV.Spec.Version)
	if err != nil {
		return nil
	}
	edges := append([]string{}, b.CSV.Spec.Skips...)
	if b.CSV.Spec.Replaces != "" {
		edges = append(edges, b.CSV.Spec.Replaces)
	}
	for _, name := range edges {
		text, ok := strings.CutPrefix(name, generate.Package+".v")
		earlier, err := version.ParseSemantic(text)
		if !ok || err != nil || !earlier.LessThan(own) {
			p.add("%q names no version before %s", name, own)
		}
	}
	return p
}

// installModes: the operator serves Gateways of all namespaces, and can't do less.
func installModes(b *Bundle) []string {
	var p problems
	want := map[string]bool{"OwnNamespace": false, "SingleNamespace": false, "MultiNamespace": false, "AllNamespaces": true}
	for _, m := range b.CSV.Spec.InstallModes {
		supported, known := want[m.Type]
		if !known || supported != m.Supported {
			p.add("%s is unknown, there twice, or not %t", m.Type, supported)
		}
		delete(want, m.Type)
	}
	for name := range want {
		p.add("%s is missing", name)
	}
	return p
}

func minKubeVersion(b *Bundle) []string {
	var p problems
	if _, err := version.ParseSemantic(b.CSV.Spec.MinKubeVersion); err != nil {
		p.add("%q is no semantic version", b.CSV.Spec.MinKubeVersion)
	}
	return p
}

// serviceAccounts of Deployments are made by the lifecycle manager. One in the bundle
// would be fought over, and permissions of others would be of no use.
func serviceAccounts(b *Bundle) []string {
	var p problems
	used := map[string]bool{}
	for _, d := range b.CSV.Spec.Install.Spec.Deployments {
		used[d.Spec.Template.Spec.ServiceAccountName] = true
	}
	for name, object := range b.Objects {
		if object.GetKind() == "ServiceAccount" && used[object.GetName()] {
			p.add("%s is that of a Deployment", name)
		}
	}
	spec := b.CSV.Spec.Install.Spec
	for _, list := range [][]csv.Permissions{spec.Permissions, spec.ClusterPermissions} {
		for _, permissions := range list {
			if !used[permissions.ServiceAccountName] {
				p.add("no Deployment has the ServiceAccount %q", permissions.ServiceAccountName)
			}
		}
	}
	return p
}

// mounts: cert-manager, which makes Secrets elsewhere, may be absent.
func mounts(b *Bundle) []string {
	var p problems
	has := map[string]bool{}
	for _, object := range b.Objects {
		has[object.GetKind()+" "+object.GetName()] = true
	}
	for _, d := range b.CSV.Spec.Install.Spec.Deployments {
		for _, v := range d.Spec.Template.Spec.Volumes {
			if s := v.Secret; s != nil && !has["Secret "+s.SecretName] {
				p.add("Deployment %s mounts the Secret %s, which is not in the bundle", d.Name, s.SecretName)
			}
			if c := v.ConfigMap; c != nil && !has["ConfigMap "+c.Name] {
				p.add("Deployment %s mounts the ConfigMap %s, which is not in the bundle", d.Name, c.Name)
			}
		}
	}
	return p
}

// maxSize is what fits into the ConfigMap that the lifecycle manager unpacks a bundle to.
const maxSize = 1 << 20

// size of all manifests, each compressed and encoded.
func size(b *Bundle) []string {
	var p problems
	total := 0
	for name := range b.Objects {
		var compressed bytes.Buffer
		w := gzip.NewWriter(&compressed)
		// A buffer takes everything.
		_, _ = w.Write(b.Files[name])
		_ = w.Close()
		total += base64.StdEncoding.EncodedLen(compressed.Len())
	}
	if total > maxSize*85/100 {
		p.add("the manifests have %d bytes, more than 85%% of %d", total, maxSize)
	}
	return p
}
