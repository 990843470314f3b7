// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
)

// definitionRules are about the kinds that the operator owns.
var definitionRules = []Rule{
	{"owned-in-bundle", withCSV(ownedInBundle)},
	{"bundle-owned", withCSV(bundleOwned)},
	{"owned-described", withCSV(ownedDescribed)},
	{"gateway-api", withCSV(gatewayAPI)},
	{"conversion", withCSV(conversion)},
	{"webhooks", withCSV(webhooks)},
}

// key of a version of a kind.
type key struct{ crd, version, kind string }

func served(b *Bundle) map[key]*apiextensionsv1.CustomResourceDefinitionVersion {
	list := map[key]*apiextensionsv1.CustomResourceDefinitionVersion{}
	for i := range b.CRDs {
		for j := range b.CRDs[i].Spec.Versions {
			if v := &b.CRDs[i].Spec.Versions[j]; v.Served {
				list[key{b.CRDs[i].Name, v.Name, b.CRDs[i].Spec.Names.Kind}] = v
			}
		}
	}
	return list
}

func owned(b *Bundle) map[key]csv.Definition {
	list := map[key]csv.Definition{}
	for _, d := range b.CSV.Spec.CustomResourceDefinitions.Owned {
		list[key{d.Name, d.Version, d.Kind}] = d
	}
	return list
}

func ownedInBundle(b *Bundle) []string {
	var p problems
	crds := served(b)
	for k := range owned(b) {
		if crds[k] == nil {
			p.add("the bundle doesn't serve %s %s of %s", k.kind, k.version, k.crd)
		}
	}
	if len(owned(b)) != len(b.CSV.Spec.CustomResourceDefinitions.Owned) {
		p.add("one is owned twice")
	}
	return p
}

func bundleOwned(b *Bundle) []string {
	var p problems
	list := owned(b)
	for k := range served(b) {
		if _, ok := list[k]; !ok {
			p.add("the CSV doesn't own %s %s of %s", k.kind, k.version, k.crd)
		}
	}
	return p
}

// ownedDescribed: consoles show these.
func ownedDescribed(b *Bundle) []string {
	var p problems
	for _, d := range b.CSV.Spec.CustomResourceDefinitions.Owned {
		if d.DisplayName == "" || d.Description == "" {
			p.add("%s has no displayName or no description", d.Kind)
		}
		for _, list := range [][]csv.Descriptor{d.SpecDescriptors, d.StatusDescriptors} {
			for _, field := range list {
				if field.Path == "" || field.DisplayName == "" || field.Description == "" {
					p.add("%s: the descriptor of %q has no displayName or no description", d.Kind, field.Path)
				}
			}
		}
	}
	return p
}

// gatewayAPI: its CRDs belong to the cluster. If they were required, the lifecycle
// manager would look for an operator that brings them, and find none.
func gatewayAPI(b *Bundle) []string {
	var p problems
	for _, d := range b.CSV.Spec.CustomResourceDefinitions.Required {
		p.add("%s is required of other operators", d.Name)
	}
	for _, crd := range b.CRDs {
		if crd.Spec.Group != "gateway.kubera.dev" {
			p.add("%s is not Kubera's own", crd.Name)
		}
	}
	return p
}

// conversion by a webhook is for operators of all namespaces only.
func conversion(b *Bundle) []string {
	var p problems
	for _, crd := range b.CRDs {
		if c := crd.Spec.Conversion; c == nil || c.Strategy != apiextensionsv1.WebhookConverter {
			continue
		}
		for _, m := range b.CSV.Spec.InstallModes {
			if m.Supported && m.Type != "AllNamespaces" {
				p.add("%s is converted by a webhook, so %s can't be supported", crd.Name, m.Type)
			}
		}
		converted := false
		for _, w := range b.CSV.Spec.WebhookDefinitions {
			for _, name := range w.ConversionCRDs {
				converted = converted || w.Type == "ConversionWebhook" && name == crd.Name
			}
		}
		if !converted {
			p.add("no webhook definition converts %s", crd.Name)
		}
	}
	return p
}

func webhooks(b *Bundle) []string {
	var p problems
	names := map[string]bool{}
	deployments := map[string]bool{}
	for _, d := range b.CSV.Spec.Install.Spec.Deployments {
		deployments[d.Name] = true
	}
	for i, w := range b.CSV.Spec.WebhookDefinitions {
		switch w.Type {
		case "ValidatingAdmissionWebhook", "MutatingAdmissionWebhook":
			if w.WebhookPath == "" {
				p.add("webhook %d has no webhookPath", i)
			}
		case "ConversionWebhook":
			if len(w.ConversionCRDs) == 0 {
				p.add("webhook %d has no conversionCRDs", i)
			}
		default:
			p.add("webhook %d has the type %q", i, w.Type)
		}
		if w.GenerateName == "" || names[w.GenerateName] || w.SideEffects == nil || len(w.AdmissionReviewVersions) == 0 {
			p.add("webhook %d has no generateName of its own, sideEffects or admissionReviewVersions", i)
		}
		if !deployments[w.DeploymentName] || w.ContainerPort == 0 || w.TargetPort == nil {
			p.add("webhook %d has no deploymentName, containerPort or targetPort", i)
		}
		names[w.GenerateName] = true
	}
	return p
}
