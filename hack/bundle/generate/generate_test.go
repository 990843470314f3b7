// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package generate_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
	"github.com/kubera-dev/kubera/hack/bundle/generate"
)

// manifests are one object of each sort that config/manifests comes to.
const manifests = `
apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata: {name: kubera.v0.0.0, annotations: {capabilities: Basic Install}}
spec:
  displayName: Kubera
  installModes: [{type: AllNamespaces, supported: true}]
  install: {strategy: deployment, spec: {deployments: []}}
  customresourcedefinitions:
    owned:
    - {name: widgets.example.com, version: v1, kind: Widget, displayName: Widgets, resources: [{kind: Pod, version: v1}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: kubera-system, labels: {pod-security.kubernetes.io/enforce: restricted, app.kubernetes.io/managed-by: kustomize}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: manager, namespace: kubera-system}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: manager, namespace: kubera-system, labels: {a: b, app.kubernetes.io/managed-by: kustomize}}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b, app.kubernetes.io/managed-by: kustomize}}
    spec:
      serviceAccountName: manager
      containers:
      - name: manager
        image: controller:1
        env: [{name: PROXY_IMAGE, value: "proxy:1"}, {name: OTHER, value: x}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: manager}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader, labels: {app.kubernetes.io/managed-by: kustomize, c: d}}
rules: [{nonResourceURLs: [/metrics], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: manager}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: manager}
subjects: [{kind: ServiceAccount, name: manager, namespace: kubera-system}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: leases, namespace: kubera-system}
rules: [{apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: leases, namespace: kubera-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: leases}
subjects: [{kind: ServiceAccount, name: manager, namespace: kubera-system}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        description: "A widget\nof two lines."
        properties:
          spec:
            type: object
            properties:
              imagePullPolicy: {type: string, description: when to pull, enum: [Always, Never]}
              drain: {type: object, description: how it ends, properties: {httpTimeout: {type: string, description: how long}}}
              active: {type: boolean, description: whether}
          status:
            type: object
            properties:
              conditions: {type: array, description: what is, items: {type: object, properties: {a: {type: string}}}}
  - {name: v0, served: false, storage: false}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec: {active: true}
---
apiVersion: v1
kind: Service
metadata: {name: metrics, namespace: kubera-system}
spec: {ports: [{port: 8443}]}
---
apiVersion: scorecard.operatorframework.io/v1alpha3
kind: Configuration
metadata: {name: config}
`

func options() generate.Options {
	return generate.Options{
		Version: "1.2.3", Channels: []string{"candidate", "stable"}, DefaultChannel: "stable",
		Platforms: []string{"linux/amd64", "linux/arm64"}, Icon: []byte("<svg/>"),
	}
}

func made(t *testing.T) (generate.Files, csv.ClusterServiceVersion) {
	t.Helper()
	files, err := generate.Generate(strings.NewReader(manifests), options())
	if err != nil {
		t.Fatal(err)
	}
	var c csv.ClusterServiceVersion
	if err := yaml.UnmarshalStrict(files["bundle/manifests/kubera.clusterserviceversion.yaml"], &c); err != nil {
		t.Fatal(err)
	}
	return files, c
}

func TestFiles(t *testing.T) {
	files, _ := made(t)
	want := []string{
		"bundle.Dockerfile",
		"bundle/manifests/example.com_widgets.yaml",
		"bundle/manifests/kubera.clusterserviceversion.yaml",
		"bundle/manifests/metrics_v1_service.yaml",
		"bundle/manifests/reader_rbac.authorization.k8s.io_v1_clusterrole.yaml",
		"bundle/metadata/annotations.yaml",
		"bundle/tests/scorecard/config.yaml",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(files))); diff != "" {
		t.Error(diff)
	}
	for name, unwanted := range map[string]string{
		"bundle/manifests/metrics_v1_service.yaml":                              "namespace",
		"bundle/manifests/reader_rbac.authorization.k8s.io_v1_clusterrole.yaml": "managed-by",
	} {
		if strings.Contains(string(files[name]), unwanted) {
			t.Errorf("%s has %s:\n%s", name, unwanted, files[name])
		}
	}
	for _, line := range []string{
		"FROM scratch\n",
		"LABEL operators.operatorframework.io.bundle.channels.v1=candidate,stable\n",
		"LABEL operators.operatorframework.io.bundle.channel.default.v1=stable\n",
		"COPY bundle/manifests /manifests/\n",
	} {
		if !strings.Contains(string(files["bundle.Dockerfile"]), line) {
			t.Errorf("bundle.Dockerfile has no line %q", line)
		}
	}
}

func TestInstall(t *testing.T) {
	_, c := made(t)
	if c.Name != "kubera.v1.2.3" || c.Spec.Version != "1.2.3" {
		t.Errorf("%s, version %s", c.Name, c.Spec.Version)
	}
	install := c.Spec.Install.Spec
	if len(install.Deployments) != 1 || install.Deployments[0].Name != "manager" || install.Deployments[0].Spec.Template.Spec.ServiceAccountName != "manager" {
		t.Fatalf("%+v", install.Deployments)
	}
	for _, labels := range []map[string]string{install.Deployments[0].Label, install.Deployments[0].Spec.Template.Labels} {
		if diff := cmp.Diff(map[string]string{"a": "b"}, labels); diff != "" {
			t.Error(diff)
		}
	}
	want := []csv.Permissions{{ServiceAccountName: "manager", Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}}}}}
	if diff := cmp.Diff(want, install.ClusterPermissions); diff != "" {
		t.Error(diff)
	}
	want[0].Rules = []rbacv1.PolicyRule{{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get"}}}
	if diff := cmp.Diff(want, install.Permissions); diff != "" {
		t.Error(diff)
	}
	images := []csv.Image{{Name: "manager", Image: "controller:1"}, {Name: "proxy", Image: "proxy:1"}}
	if diff := cmp.Diff(images, c.Spec.RelatedImages); diff != "" {
		t.Error(diff)
	}
}

func TestDescription(t *testing.T) {
	_, c := made(t)
	const ui = "urn:alm:descriptor:com.tectonic.ui:"
	want := []csv.Definition{{
		Name: "widgets.example.com", Version: "v1", Kind: "Widget", DisplayName: "Widgets", Description: "A widget of two lines.",
		Resources: []csv.Resource{{Kind: "Pod", Version: "v1"}},
		SpecDescriptors: []csv.Descriptor{
			{Path: "active", DisplayName: "Active", Description: "whether", XDescriptors: []string{ui + "booleanSwitch"}},
			{Path: "drain", DisplayName: "Drain", Description: "how it ends"},
			{Path: "drain.httpTimeout", DisplayName: "HTTP Timeout", Description: "how long", XDescriptors: []string{ui + "text"}},
			{Path: "imagePullPolicy", DisplayName: "Image Pull Policy", Description: "when to pull", XDescriptors: []string{ui + "imagePullPolicy"}},
		},
		StatusDescriptors: []csv.Descriptor{
			{Path: "conditions", DisplayName: "Conditions", Description: "what is", XDescriptors: []string{"urn:alm:descriptor:io.kubernetes.conditions"}},
		},
	}}
	if diff := cmp.Diff(want, c.Spec.CustomResourceDefinitions.Owned); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"capabilities":   "Basic Install",
		"containerImage": "controller:1",
		"features.operators.openshift.io/disconnected":      "false",
		"operatorframework.io/suggested-namespace":          "kubera-system",
		"operatorframework.io/suggested-namespace-template": `{"apiVersion":"v1","kind":"Namespace","metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"},"name":"kubera-system"}}`,
	} {
		if got := c.Annotations[name]; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if examples := c.Annotations["alm-examples"]; !strings.Contains(examples, `"kind": "Widget"`) || strings.Contains(examples, "Service") {
		t.Errorf("examples: %s", examples)
	}
	labels := map[string]string{
		"operatorframework.io/arch.amd64": "supported", "operatorframework.io/arch.arm64": "supported", "operatorframework.io/os.linux": "supported",
	}
	if diff := cmp.Diff(labels, c.Labels); diff != "" {
		t.Error(diff)
	}
}

// TestRefuses: what would be lost in silence is an error.
func TestRefuses(t *testing.T) {
	for want, c := range map[string][2]string{
		"no ClusterServiceVersion":                  {"kind: ClusterServiceVersion", "kind: Other"},
		"no Namespace":                              {"kind: Namespace", "kind: ConfigMap"},
		"no Configuration":                          {"kind: Configuration", "kind: ConfigMap"},
		"no Deployment":                             {"kind: Deployment", "kind: ConfigMap"},
		`no ServiceAccount "other"`:                 {"serviceAccountName: manager", "serviceAccountName: other"},
		"ServiceAccount other is that of no":        {"kind: Service\nmetadata: {name: metrics", "kind: ServiceAccount\nmetadata: {name: other"},
		"there is no ClusterRole gone":              {"kind: ClusterRole, name: manager", "kind: ClusterRole, name: gone"},
		"there is no Role gone":                     {"kind: Role, name: leases", "kind: Role, name: gone"},
		"there is no ClusterRole leases":            {"kind: Role, name: leases", "kind: ClusterRole, name: leases"},
		"want one subject, ServiceAccount manager":  {"subjects: [{kind: ServiceAccount", "subjects: [{kind: User"},
		"want namespace kubera-system":              {"kind: RoleBinding\nmetadata: {name: leases, namespace: kubera-system}", "kind: RoleBinding\nmetadata: {name: leases, namespace: default}"},
		"nothing binds the Role leases":             {"kind: RoleBinding", "kind: ConfigMap"},
		"doesn't own v1 of widgets.example.com":     {"name: widgets.example.com, version: v1,", "name: widgets.example.com, version: v2,"},
		"owns v2 of gone.example.com":               {"    - {name: widgets", "    - {name: gone.example.com, version: v2, kind: Gone}\n    - {name: widgets"},
		"HorizontalPodAutoscaler metrics: a bundle": {"kind: Service\n", "kind: HorizontalPodAutoscaler\n"},
		"two objects would be":                      {"apiVersion: scorecard", "apiVersion: v1\nkind: Service\nmetadata: {name: metrics}\n---\napiVersion: scorecard"},
		`unknown field "hosts"`:                     {"  selector: {matchLabels: {a: b}}", "  hosts: 1\n  selector: {matchLabels: {a: b}}"},
		"error converting YAML to JSON":             {"kind: Configuration", "kind: Configuration\n---\na: ["},
	} {
		if !strings.Contains(manifests, c[0]) {
			t.Errorf("there is no %q", c[0])
		}
		_, err := generate.Generate(strings.NewReader(strings.ReplaceAll(manifests, c[0], c[1])), options())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, have %v", want, err)
		}
	}
}

func TestDigests(t *testing.T) {
	o := options()
	o.Digests = true
	if _, err := generate.Generate(strings.NewReader(manifests), o); err == nil || !strings.Contains(err.Error(), "digest") {
		t.Errorf("error %v", err)
	}
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	text := strings.NewReplacer("controller:1", "controller"+digest, "proxy:1", "proxy"+digest).Replace(manifests)
	files, err := generate.Generate(strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(files["bundle/manifests/kubera.clusterserviceversion.yaml"]), `disconnected: "true"`) {
		t.Error("the bundle is not said to be for disconnected clusters")
	}
}

func TestPlatforms(t *testing.T) {
	o := options()
	o.Platforms = []string{"amd64"}
	if _, err := generate.Generate(strings.NewReader(manifests), o); err == nil || !strings.Contains(err.Error(), "linux/amd64") {
		t.Errorf("error %v", err)
	}
}
