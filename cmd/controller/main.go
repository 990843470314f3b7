// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubera-controller is the operator of Kubera: it provisions proxies for
// the Gateways of its classes and pushes their configurations to them.
package main

import (
	"flag"
	"fmt"
	"os"

	// Credentials of cloud providers, for out-of-cluster use.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = "devel"

func main() {
	var f flags
	f.register(flag.CommandLine)
	logging := zap.Options{}
	logging.BindFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging)))

	if f.version {
		fmt.Println(version)
		return
	}
	if err := run(ctrl.SetupSignalHandler(), f); err != nil {
		ctrl.Log.WithName("setup").Error(err, "kubera-controller ends")
		os.Exit(1)
	}
}
