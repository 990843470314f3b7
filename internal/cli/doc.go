// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line kubera: run, translate, echo and version.
package cli
