// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// csvSet, owned0, install and the like are paths that many cases begin with.
func csvSet(value any, steps ...any) change { return set(csvFile, value, steps...) }

func owned0(value any, steps ...any) change {
	return csvSet(value, append([]any{"spec", "customresourcedefinitions", "owned", 0}, steps...)...)
}

func deployment(value any, steps ...any) change {
	return csvSet(value, append([]any{"spec", "install", "spec", "deployments", 0}, steps...)...)
}

func container(value any, steps ...any) change {
	return deployment(value, append([]any{"spec", "template", "spec", "containers", 0}, steps...)...)
}

func annotation(name string, value any) change { return csvSet(value, "metadata", "annotations", name) }

func bundleAnnotation(name, value string) change {
	return set(annotationFile, value, "annotations", "operators.operatorframework.io."+name)
}

func scorecardTest(value any, steps ...any) change {
	return set(scorecardFile, value, append([]any{"stages", 0, "tests", 0}, steps...)...)
}

func grant(rule object) change {
	return csvSet([]any{rule}, "spec", "install", "spec", "clusterPermissions", 0, "rules")
}

func version0(value any, steps ...any) change {
	return set(crdFile, value, append([]any{"spec", "versions", 0}, steps...)...)
}

func mount(volume object) change {
	return deployment([]any{volume}, "spec", "template", "spec", "volumes")
}

// webhook is a good one with a fault.
func webhook(field string, value any) change {
	w := object{
		"type": "ValidatingAdmissionWebhook", "generateName": "a.kubera.dev", "sideEffects": "None",
		"admissionReviewVersions": []any{"v1"}, "deploymentName": "kubera-controller-manager",
		"containerPort": 443, "targetPort": 9443, "webhookPath": "/validate",
	}
	w[field] = value
	return csvSet([]any{w}, "spec", "webhookdefinitions")
}

var converted = set(crdFile, object{
	"strategy": "Webhook",
	"webhook":  object{"conversionReviewVersions": []any{"v1"}, "clientConfig": object{"url": "https://a.test"}},
}, "spec", "conversion")

// example changes the first of alm-examples.
func examples(text string) change { return annotation("alm-examples", text) }

const (
	filter      = `{"apiVersion": "gateway.kubera.dev/v1alpha1", "kind": "StaticResponseFilter", "metadata": {"name": "a"}, "spec": %s}`
	digestA     = "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	anyManifest = "apiVersion: v1\nkind: %s\nmetadata: {name: %s}\n"
)

// breaks are changes by the name of the rule that has to notice them.
var breaks = map[string]map[string]change{
	"layout": {
		"no annotations":  remove(annotationFile),
		"no scorecard":    remove(scorecardFile),
		"no Dockerfile":   remove(dockerFile),
		"no CSV":          remove(csvFile),
		"CSV elsewhere":   both(func(_ *testing.T, f map[string][]byte) { f["bundle/manifests/c.yaml"] = f[csvFile] }, remove(csvFile)),
		"a CRD elsewhere": both(func(_ *testing.T, f map[string][]byte) { f["bundle/manifests/c.yaml"] = f[crdFile] }, remove(crdFile)),
	},
	"supported-kinds": {
		"Namespace":    add("a.yaml", fmt.Sprintf(anyManifest, "Namespace", "a")),
		"Deployment":   add("a.yaml", fmt.Sprintf(anyManifest, "Deployment", "a")),
		"GatewayClass": add("a.yaml", fmt.Sprintf(anyManifest, "GatewayClass", "a")),
		"Certificate":  add("a.yaml", fmt.Sprintf(anyManifest, "Certificate", "a")),
	},
	"no-namespace": {"of the Service": set(serviceFile, "kubera-system", "metadata", "namespace")},
	"annotations": {
		"media type":           bundleAnnotation("bundle.mediatype.v1", "plain+v0"),
		"manifests":            bundleAnnotation("bundle.manifests.v1", "/manifests"),
		"metadata":             bundleAnnotation("bundle.metadata.v1", ""),
		"package":              bundleAnnotation("bundle.package.v1", "other"),
		"no channel":           bundleAnnotation("bundle.channels.v1", ""),
		"media type of tests":  bundleAnnotation("test.mediatype.v1", ""),
		"where the tests are":  bundleAnnotation("test.config.v1", "tests/"),
		"no annotation at all": set(annotationFile, object{}, "annotations"),
	},
	"default-channel":        {"another": bundleAnnotation("bundle.channel.default.v1", "stable")},
	"labels-are-annotations": {"a label differs": replace(dockerFile, "channels.v1=candidate", "channels.v1=stable"), "an annotation more": bundleAnnotation("x", "y")},
	"image-copies":           {"no tests": replace(dockerFile, "COPY bundle/tests/scorecard /tests/scorecard/\n", ""), "elsewhere": replace(dockerFile, " /manifests/", " /bundle/")},

	"budgets": {
		"no pod may be missing": set(budgetFile, 0, "spec", "maxUnavailable"),
		"in percent":            set(budgetFile, "0%", "spec", "maxUnavailable"),
		"all have to be there":  set(budgetFile, "100%", "spec", "minAvailable"),
	},
	"priority-classes": {"the default": set(priorityFile, true, "globalDefault")},

	"csv-required": {
		"no name":               csvSet("", "metadata", "name"),
		"apiVersion":            csvSet("operators.coreos.com/v1", "apiVersion"),
		"no display name":       csvSet("", "spec", "displayName"),
		"strategy":              csvSet("helm", "spec", "install", "strategy"),
		"no Deployment":         csvSet([]any{}, "spec", "install", "spec", "deployments"),
		"Deployment, no name":   deployment("", "name"),
		"no container":          deployment([]any{}, "spec", "template", "spec", "containers"),
		"no selector":           deployment(nil, "spec", "selector"),
		"permissions for none":  csvSet("", "spec", "install", "spec", "clusterPermissions", 0, "serviceAccountName"),
		"permissions, no rules": csvSet([]any{}, "spec", "install", "spec", "permissions", 0, "rules"),
	},
	"csv-name": {
		"version":         csvSet("0.1", "spec", "version"),
		"version with v":  csvSet("v0.1.0", "spec", "version"),
		"another version": csvSet("kubera.v0.2.0", "metadata", "name"),
		"too long":        both(csvSet("0.1.0-"+strings.Repeat("a", 60), "spec", "version"), csvSet("kubera.v0.1.0-"+strings.Repeat("a", 60), "metadata", "name")),
		"no DNS name":     both(csvSet("0.1.0+b", "spec", "version"), csvSet("kubera.v0.1.0+b", "metadata", "name")),
	},
	"upgrade-edges": {
		"a later version": csvSet("kubera.v0.2.0", "spec", "replaces"),
		"itself":          csvSet([]any{"kubera.v0.1.0"}, "spec", "skips"),
		"another package": csvSet("other.v0.0.1", "spec", "replaces"),
	},
	"install-modes": {
		"a namespace of its own": replace(csvFile, "- supported: false\n    type: OwnNamespace", "- supported: true\n    type: OwnNamespace"),
		"not all namespaces":     replace(csvFile, "- supported: true\n    type: AllNamespaces", "- supported: false\n    type: AllNamespaces"),
		"one is missing":         edit(csvFile, func(o object) { s := o["spec"].(object); s["installModes"] = s["installModes"].([]any)[1:] }),
		"an unknown one":         csvSet("SomeNamespaces", "spec", "installModes", 0, "type"),
	},
	"min-kube-version": {"missing": csvSet("", "spec", "minKubeVersion"), "no semantic version": csvSet("1.31", "spec", "minKubeVersion")},
	"service-accounts": {
		"in the bundle":         add("a.yaml", fmt.Sprintf(anyManifest, "ServiceAccount", "kubera-controller-manager")),
		"permissions for other": csvSet("default", "spec", "install", "spec", "permissions", 0, "serviceAccountName"),
	},
	"mounts": {
		"a Secret":    mount(object{"name": "a", "secret": object{"secretName": "metrics-server-cert"}}),
		"a ConfigMap": mount(object{"name": "a", "configMap": object{"name": "settings"}}),
	},
	"size": {"1 MiB that can't be compressed": add("a.yaml", incompressible())},

	"owned-in-bundle": {
		"a CRD is missing": remove(crdFile),
		"another version":  owned0("v1", "version"),
		"another kind":     owned0("Widget", "kind"),
		"owned twice": edit(csvFile, func(o object) {
			d := at(o, "spec", "customresourcedefinitions").(object)
			l := d["owned"].([]any)
			d["owned"] = append(l, l[0])
		}),
		"not served at all": version0(false, "served"),
	},
	"bundle-owned": {
		"one CRD less": edit(csvFile, func(o object) {
			d := at(o, "spec", "customresourcedefinitions").(object)
			d["owned"] = d["owned"].([]any)[1:]
		}),
		"a version more": edit(crdFile, func(o object) {
			s := o["spec"].(object)
			v := s["versions"].([]any)
			next := maps.Clone(v[0].(object))
			next["name"], next["storage"] = "v1", false
			s["versions"] = append(v, next)
		}),
	},
	"owned-described": {
		"no display name":       owned0("", "displayName"),
		"no description":        owned0("", "description"),
		"field, no name":        owned0("", "specDescriptors", 0, "displayName"),
		"field, no description": owned0("", "specDescriptors", 0, "description"),
		"status, no path":       owned0("", "statusDescriptors", 0, "path"),
	},
	"gateway-api": {
		"required": csvSet([]any{object{"name": "gateways.gateway.networking.k8s.io", "version": "v1", "kind": "Gateway"}}, "spec", "customresourcedefinitions", "required"),
		"shipped":  replace(crdFile, "gateway.kubera.dev", "gateway.networking.k8s.io"),
	},
	"conversion": {
		"no webhook":      converted,
		"own namespace":   both(converted, webhook("type", "ConversionWebhook"), csvSet(true, "spec", "installModes", 0, "supported")),
		"of another kind": both(converted, webhook("conversionCRDs", []any{"staticresponsefilters.gateway.kubera.dev"})),
	},
	"webhooks": {
		"type":            webhook("type", "Webhook"),
		"no path":         webhook("webhookPath", ""),
		"no CRDs":         webhook("type", "ConversionWebhook"),
		"no name":         webhook("generateName", ""),
		"no side effects": webhook("sideEffects", nil),
		"no versions":     webhook("admissionReviewVersions", []any{}),
		"deployment":      webhook("deploymentName", "other"),
		"container port":  webhook("containerPort", 0),
		"target port":     webhook("targetPort", nil),
	},

	"examples-json": {"no JSON": examples("[{"), "no array": examples("{}"), "missing": examples("")},
	"examples-of-owned": {
		"none": examples("[]"),
		"not owned": edit(csvFile, func(o object) {
			a := at(o, "metadata", "annotations").(object)
			a["alm-examples"] = strings.Replace(a["alm-examples"].(string), "[", `[{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}},`, 1)
		}),
		"other version": edit(csvFile, func(o object) {
			a := at(o, "metadata", "annotations").(object)
			a["alm-examples"] = strings.ReplaceAll(a["alm-examples"].(string), "v1alpha1", "v1")
		}),
	},
	"examples-valid": {
		"wrong type":     examples("[" + fmt.Sprintf(filter, `{"status": "200"}`) + "]"),
		"unknown field":  examples("[" + fmt.Sprintf(filter, `{"code": 200}`) + "]"),
		"out of range":   examples("[" + fmt.Sprintf(filter, `{"status": 99}`) + "]"),
		"a rule in CEL":  examples("[" + fmt.Sprintf(filter, `{"text": "a", "binary": "YQ=="}`) + "]"),
		"no valid name":  examples("[" + strings.Replace(fmt.Sprintf(filter, "{}"), `"name": "a"`, `"name": "A"`, 1) + "]"),
		"no valid CRD":   version0(object{"type": "strange"}, "schema", "openAPIV3Schema"),
		"no spec at all": examples("[" + fmt.Sprintf(filter, "null") + "]"),
	},

	"hub-provider": {"missing": csvSet(object{}, "spec", "provider")},
	"hub-maintainers": {
		"none":       csvSet([]any{}, "spec", "maintainers"),
		"no name":    csvSet("", "spec", "maintainers", 0, "name"),
		"no address": csvSet("nobody", "spec", "maintainers", 0, "email"),
	},
	"hub-links": {
		"none":     csvSet([]any{}, "spec", "links"),
		"no name":  csvSet("", "spec", "links", 0, "name"),
		"no https": csvSet("http://a.test", "spec", "links", 0, "url"),
	},
	"hub-icon": {
		"none":       csvSet([]any{}, "spec", "icon"),
		"media type": csvSet("image/webp", "spec", "icon", 0, "mediatype"),
		"empty":      csvSet("", "spec", "icon", 0, "base64data"),
		"no SVG":     csvSet("PHN2Zz4=", "spec", "icon", 0, "base64data"), // <svg>
	},
	"hub-annotations": {
		"support":        annotation("support", ""),
		"description":    annotation("description", ""),
		"repository":     annotation("repository", ""),
		"containerImage": annotation("containerImage", ""),
		"capabilities":   annotation("capabilities", "Everything"),
		"categories":     annotation("categories", "Networking, Gateways"),
		"createdAt":      annotation("createdAt", "today"),
	},
	"hub-text":           {"description": csvSet("", "spec", "description"), "maturity": csvSet("", "spec", "maturity"), "keywords": csvSet([]any{}, "spec", "keywords")},
	"openshift-features": {"missing": annotation("features.operators.openshift.io/fips-compliant", ""), "no boolean": annotation("features.operators.openshift.io/disconnected", "maybe")},

	"requests": {
		"none":      container(object{}, "resources"),
		"no CPU":    container(object{"memory": "1Mi"}, "resources", "requests"),
		"no memory": container(object{"cpu": "1"}, "resources", "requests"),
	},
	"channel-names":    {"alpha": bundleAnnotation("bundle.channels.v1", "candidate,alpha")},
	"crd-descriptions": {"missing": version0("", "schema", "openAPIV3Schema", "description")},
	"no-creation-of-crds": {
		"create":   grant(object{"apiGroups": []any{"apiextensions.k8s.io"}, "resources": []any{"customresourcedefinitions"}, "verbs": []any{"get", "create"}}),
		"anything": grant(object{"apiGroups": []any{"apiextensions.k8s.io"}, "resources": []any{"*"}, "verbs": []any{"*"}}),
	},
	"no-wildcards": {
		"groups":    grant(object{"apiGroups": []any{"*"}, "resources": []any{"pods"}, "verbs": []any{"get"}}),
		"resources": grant(object{"apiGroups": []any{""}, "resources": []any{"*"}, "verbs": []any{"get"}}),
		"verbs":     grant(object{"apiGroups": []any{""}, "resources": []any{"pods"}, "verbs": []any{"*"}}),
	},
	"platforms": {
		"none":            csvSet(object{}, "metadata", "labels"),
		"no system":       csvSet(object{"operatorframework.io/arch.amd64": "supported"}, "metadata", "labels"),
		"no architecture": csvSet(object{"operatorframework.io/os.linux": "supported"}, "metadata", "labels"),
		"not supported":   csvSet("true", "metadata", "labels", "operatorframework.io/arch.amd64"),
	},
	"related-images": {
		"none":                csvSet([]any{}, "spec", "relatedImages"),
		"the proxy's":         csvSet("other:1", "spec", "relatedImages", 1, "image"),
		"the controller's":    container("other:1", "image"),
		"of containerImage":   annotation("containerImage", "other:1"),
		"a name twice":        csvSet("manager", "spec", "relatedImages", 1, "name"),
		"of a container more": deployment([]any{object{"name": "a", "image": "other:1"}}, "spec", "template", "spec", "initContainers"),
		"no PROXY_IMAGE":      container([]any{}, "env"),
	},
	"digests": {
		"disconnected without": annotation("features.operators.openshift.io/disconnected", "true"),
		"only one":             csvSet(digestA, "spec", "relatedImages", 0, "image"),
	},

	"scorecard-config": {
		"apiVersion":    set(scorecardFile, "scorecard.operatorframework.io/v1", "apiVersion"),
		"kind":          set(scorecardFile, "Config", "kind"),
		"name":          set(scorecardFile, "scorecard", "metadata", "name"),
		"no stage":      set(scorecardFile, []any{}, "stages"),
		"in series":     set(scorecardFile, false, "stages", 0, "parallel"),
		"a test less":   edit(scorecardFile, func(o object) { s := at(o, "stages", 0).(object); s["tests"] = s["tests"].([]any)[1:] }),
		"entrypoint":    scorecardTest([]any{"sh", "-c"}, "entrypoint"),
		"suite":         scorecardTest("olm", "labels", "suite"),
		"label":         scorecardTest("other", "labels", "test"),
		"another image": scorecardTest("scorecard-test:latest", "image"),
	},
	"basic-check-spec":         {"no spec": examples("[" + fmt.Sprintf(filter, "{}") + "]")},
	"olm-crds-have-validation": {"no schema of the spec": version0(object{"type": "object"}, "schema", "openAPIV3Schema", "properties", "spec")},
	"olm-crds-have-resources":  {"none": owned0([]any{}, "resources"), "no kind": owned0("", "resources", 0, "kind"), "no version": owned0("", "resources", 0, "version")},
	"olm-spec-descriptors":     {"one is missing": owned0([]any{}, "specDescriptors"), "of another field": owned0("other", "specDescriptors", 0, "path")},
	"olm-status-descriptors":   {"one is missing": owned0([]any{}, "statusDescriptors")},
}

// incompressible is a ConfigMap with a chain of digests.
func incompressible() string {
	var text strings.Builder
	text.WriteString("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: ")
	sum := sha512.Sum512(nil)
	for text.Len() < 2<<20 {
		text.WriteString(hex.EncodeToString(sum[:]))
		sum = sha512.Sum512(sum[:])
	}
	return text.String() + "\n"
}
