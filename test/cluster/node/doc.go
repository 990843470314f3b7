// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package node is a Kubernetes node from within its namespaces. Init is the first
// process: it mounts, starts Supervise, and buries the dead. Supervise sets up the
// network, starts the components and stays with them: if one ends, all do, and the
// log says which one it was.
package node
