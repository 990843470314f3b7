// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package schema admits objects as an API server would that has the CRDs of the
// Gateway API's experimental channel and of Kubera: it refuses unknown fields,
// fills in defaults, and validates against the OpenAPI schema with its list types
// and CEL rules. It calls the code of k8s.io/apiextensions-apiserver for all of it,
// so that a file which serves without a cluster is a file that a cluster takes.
package schema

//go:generate go run ./gen crds
