// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command envtest is etcd and kube-apiserver in one binary, for machines that
// can reach a Go module proxy but not the release archives that setup-envtest
// downloads. It runs as the program whose name it is called by, so that two
// symbolic links to it make up what KUBEBUILDER_ASSETS wants to find.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // the json log format
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // version metric
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(app.NewAPIServerCommand()))
	default:
		fmt.Fprintf(os.Stderr, "called as %q: link this program as etcd or kube-apiserver and call the link\n", name)
		os.Exit(2)
	}
}
