// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package host is the machine's side of a test cluster: starting the node in
// namespaces of its own, the link to it, and clearing up after it.
//
// What the node does is confined by its namespaces. All its processes are in one
// PID namespace, all its mounts in one mount namespace, and its end of the link in
// one network namespace: when the first process ends, however it ends, the kernel
// ends the others and takes the namespaces away, and the link with them. What is
// left then are control groups without processes and files in one directory.
package host
