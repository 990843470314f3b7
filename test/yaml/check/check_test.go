// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package check

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	service = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
`
	gateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: kubera
  listeners: [{name: http, protocol: HTTP, port: 80}]
`
	filter = `
apiVersion: gateway.kubera.dev/v1alpha1
kind: AccessControlFilter
metadata: {name: inside}
spec: {allow: [10.0.0.0/8]}
`
	monitor = `
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: proxies}
spec: {podMetricsEndpoints: [{port: status}]}
`
)

func newChecker(t *testing.T) *Checker {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStream(t *testing.T) {
	c := newChecker(t)
	good := strings.Join([]string{"# nothing", service, gateway, filter, monitor, ""}, "\n---\n")
	if objects, errs := c.Stream(t.Context(), []byte(good)); objects != 4 || errs != nil {
		t.Errorf("%d objects, %v", objects, errs)
	}
	list := "apiVersion: v1\nkind: List\nitems:\n" + `- {apiVersion: v1, kind: Namespace, metadata: {name: a}}
- {apiVersion: v1, kind: Namespace, metadata: {name: b}, spec: {x: 1}}
`
	objects, errs := c.Stream(t.Context(), []byte(list))
	if objects != 2 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "Namespace /b") {
		t.Errorf("of a list: %d objects, %v", objects, errs)
	}
	// An error in one does not hide another.
	two := strings.Join([]string{strings.Replace(service, "port:", "prt:", 1), gateway, strings.Replace(filter, "allow", "alow", 1)}, "\n---\n")
	_, errs = c.Stream(t.Context(), []byte(two))
	if all := errors.Join(errs...); all == nil || !strings.Contains(all.Error(), "document 1: Service /web:") || !strings.Contains(all.Error(), "document 3: AccessControlFilter") {
		t.Errorf("got %v", all)
	}
}

func TestStreamRefuses(t *testing.T) {
	c := newChecker(t)
	for name, tc := range map[string]struct{ document, old, new, want string }{
		"syntax":                      {service, "{port: 80}", "{port: 80", "did not find"},
		"a key twice":                 {service, "{name: web}", "{name: web, name: api}", "already set"},
		"no object":                   {service, "kind", "kin", "apiVersion and kind"},
		"a kind that is not there":    {service, "kind: Service", "kind: Servce", "is not known"},
		"a version that is not there": {gateway, "k8s.io/v1", "k8s.io/v9", "is not known"},
		"no name":                     {service, "name: web", "labels: {}", "metadata.name"},
		"a field of Kubernetes":       {service, "spec:", "spcc:", `unknown field "spcc"`},
		"a type of Kubernetes":        {service, "80", "eighty", "type int32"},
		"a field of the Gateway API":  {gateway, "port: 80", "port: 80, prot: 1", "prot"},
		"a schema of the Gateway API": {gateway, "port: 80", "port: 80000", "65535"},
		"a rule of the Gateway API":   {gateway, "port: 80", "port: 80, tls: {mode: Terminate}", "tls must not be specified"},
		"a field of Kubera":           {filter, "allow", "alow", "alow"},
		"a rule of Kubera":            {filter, "allow: [10.0.0.0/8]", "", "spec"},
		"a field of a monitor":        {monitor, "port:", "prt:", "prt"},
		"letter case":                 {monitor, "podMetricsEndpoints", "podmetricsendpoints", "podmetricsendpoints"},
	} {
		_, errs := c.Stream(t.Context(), []byte(strings.Replace(tc.document, tc.old, tc.new, 1)))
		if all := errors.Join(errs...); all == nil || !strings.Contains(all.Error(), tc.want) {
			t.Errorf("%s: got %v, want an error about %s", name, all, tc.want)
		}
	}
}

func TestKustomize(t *testing.T) {
	const kustomization = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [service.yaml]
configurations: [config.yaml]
patches:
- {path: patch.yaml, target: {kind: Service}}
`
	write := func(t *testing.T, of map[string]string) string {
		t.Helper()
		directory := t.TempDir()
		files := map[string]string{
			"kustomization.yaml": kustomization, "service.yaml": service,
			"config.yaml": "nameReference: []", "patch.yaml": "- {op: remove, path: /spec/type}",
		}
		maps.Copy(files, of)
		for name, content := range files {
			if content == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return directory
	}
	c := newChecker(t)
	directory := write(t, nil)
	parts, errs := c.Kustomize(directory)
	if len(errs) != 0 || len(parts) != 2 || parts[0] != filepath.Join(directory, "config.yaml") || parts[1] != filepath.Join(directory, "patch.yaml") {
		t.Errorf("got %v, %v", parts, errs)
	}
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a field":                        {map[string]string{"kustomization.yaml": kustomization + "resorces: []"}, "resorces"},
		"a kind":                         {map[string]string{"kustomization.yaml": strings.Replace(kustomization, "kind: K", "kind: C", 1)}, `kind "Customization"`},
		"a resource that is not there":   {map[string]string{"service.yaml": ""}, "service.yaml"},
		"a patch that is not there":      {map[string]string{"patch.yaml": ""}, "patch.yaml"},
		"a field of a patch":             {map[string]string{"patch.yaml": "- {op: remove, pat: /spec}"}, "pat"},
		"an operation that is not there": {map[string]string{"patch.yaml": "- {op: delete, path: /spec}"}, `"delete"`},
		"a patch that is an object":      {map[string]string{"patch.yaml": service}, "list of operations"},
		"a field of configurations":      {map[string]string{"config.yaml": "nameRef: []"}, "nameRef"},
	} {
		_, errs := c.Kustomize(write(t, tc.files))
		if all := errors.Join(errs...); all == nil || !strings.Contains(all.Error(), tc.want) {
			t.Errorf("%s: got %v, want an error about %s", name, all, tc.want)
		}
	}
}
