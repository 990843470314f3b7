// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package csv

import "k8s.io/apimachinery/pkg/util/intstr"

// Definitions are the kinds that the operator brings, and those that it can't do
// without and that another operator of the catalog brings.
type Definitions struct {
	Owned    []Definition `json:"owned,omitempty"`
	Required []Definition `json:"required,omitempty"`
}

// Definition is one version of a kind, as consoles show it.
type Definition struct {
	// Name is that of the CustomResourceDefinition.
	Name        string `json:"name"`
	Version     string `json:"version"`
	Kind        string `json:"kind"`
	DisplayName string `json:"displayName,omitempty"`
	Description string `json:"description,omitempty"`
	// Resources are kinds of objects that go with one of this kind.
	Resources         []Resource   `json:"resources,omitempty"`
	SpecDescriptors   []Descriptor `json:"specDescriptors,omitempty"`
	StatusDescriptors []Descriptor `json:"statusDescriptors,omitempty"`
}

// Resource is a kind; Name is that of its definition, if it has one.
type Resource struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
}

// Descriptor is a field.
type Descriptor struct {
	// Path is below spec or status: deployment.replicas.
	Path        string `json:"path"`
	DisplayName string `json:"displayName,omitempty"`
	Description string `json:"description,omitempty"`
	// XDescriptors say how a form shows the field.
	XDescriptors []string `json:"x-descriptors,omitempty"`
}

// Webhook is what the lifecycle manager makes a webhook configuration and a
// certificate from.
type Webhook struct {
	Type                    string              `json:"type"`
	GenerateName            string              `json:"generateName"`
	DeploymentName          string              `json:"deploymentName,omitempty"`
	ContainerPort           int32               `json:"containerPort,omitempty"`
	TargetPort              *intstr.IntOrString `json:"targetPort,omitempty"`
	SideEffects             *string             `json:"sideEffects"`
	AdmissionReviewVersions []string            `json:"admissionReviewVersions"`
	WebhookPath             string              `json:"webhookPath,omitempty"`
	ConversionCRDs          []string            `json:"conversionCRDs,omitempty"`
}
