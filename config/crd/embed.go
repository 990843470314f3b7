// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crd carries the CRDs of Kubera for programs that validate without an
// API server.
package crd

import "embed"

// Bases holds bases/*.yaml, which `make manifests` generates.
//
//go:embed bases/*.yaml
var Bases embed.FS
