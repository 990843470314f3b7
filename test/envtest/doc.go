// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package envtest tests the operator against a real kube-apiserver and etcd and
// with real kubera-proxy processes, to which requests are sent.
//
// What a cluster has besides is played by a cluster of this package, which starts
// a proxy process for each pod of a Deployment, keeps the files of its Secret up
// to date, reports its readiness, assigns load balancer addresses and collects
// garbage.
//
// KUBEBUILDER_ASSETS names the directory with etcd and kube-apiserver; without it
// the suite is skipped. "make test" provides them.
package envtest
