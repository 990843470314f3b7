// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package standalone does without a cluster what the operator does with one: it
// translates the objects of files by the same core, serves them in this process by
// the same Caddy app, and tells a person where in which file something is wrong.
package standalone
