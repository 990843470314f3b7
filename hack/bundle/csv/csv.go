// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package csv has the Go types of a ClusterServiceVersion, by which the Operator
// Lifecycle Manager installs an operator: the part of operators.coreos.com/v1alpha1
// that Kubera's bundle has, or could have. Strict decoding refuses everything else.
package csv

import (
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// APIVersion and Kind of a ClusterServiceVersion.
const (
	APIVersion = "operators.coreos.com/v1alpha1"
	Kind       = "ClusterServiceVersion"
)

// ClusterServiceVersion is one version of an operator.
type ClusterServiceVersion struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              Spec `json:"spec"`
}

// Spec is what catalogs show, and what is installed.
type Spec struct {
	DisplayName string `json:"displayName"`
	// Description is Markdown.
	Description               string       `json:"description,omitempty"`
	Keywords                  []string     `json:"keywords,omitempty"`
	Maturity                  string       `json:"maturity,omitempty"`
	Provider                  Provider     `json:"provider,omitzero"`
	Maintainers               []Maintainer `json:"maintainers,omitempty"`
	Links                     []Link       `json:"links,omitempty"`
	Icon                      []Icon       `json:"icon,omitempty"`
	CustomResourceDefinitions Definitions  `json:"customresourcedefinitions,omitzero"`
	Install                   Install      `json:"install"`
	InstallModes              []Mode       `json:"installModes"`
	WebhookDefinitions        []Webhook    `json:"webhookdefinitions,omitempty"`
	RelatedImages             []Image      `json:"relatedImages,omitempty"`
	MinKubeVersion            string       `json:"minKubeVersion,omitempty"`
	// Version is a semantic version, without a v.
	Version  string   `json:"version,omitempty"`
	Replaces string   `json:"replaces,omitempty"`
	Skips    []string `json:"skips,omitempty"`
}

// Provider is who makes the operator.
type Provider struct {
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
}

// Maintainer is a person, or a group, to write to.
type Maintainer struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Link leads to a page about the operator.
type Link struct {
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
}

// Icon is a picture, in base64.
type Icon struct {
	Data      []byte `json:"base64data"`
	MediaType string `json:"mediatype"`
}

// Mode says whether the operator can be told to watch certain namespaces only.
type Mode struct {
	Type      string `json:"type"`
	Supported bool   `json:"supported"`
}

// Image is an image that the operator runs, for those who copy all of them into a
// registry of their own.
type Image struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

// Install is what is made in the cluster.
type Install struct {
	Strategy string      `json:"strategy"`
	Spec     InstallSpec `json:"spec"`
}

// InstallSpec has the Deployments, and what their ServiceAccounts may do: in the
// operator's namespace, and everywhere.
type InstallSpec struct {
	Deployments        []Deployment  `json:"deployments"`
	Permissions        []Permissions `json:"permissions,omitempty"`
	ClusterPermissions []Permissions `json:"clusterPermissions,omitempty"`
}

// Deployment becomes a Deployment in the operator's namespace.
type Deployment struct {
	Name  string                `json:"name"`
	Label map[string]string     `json:"label,omitempty"`
	Spec  appsv1.DeploymentSpec `json:"spec"`
}

// Permissions become a role, and its binding to the ServiceAccount, which is made too.
type Permissions struct {
	ServiceAccountName string              `json:"serviceAccountName"`
	Rules              []rbacv1.PolicyRule `json:"rules"`
}
