// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubera-controller is the operator of Kubera: it provisions proxies for
// the Gateways of its classes and pushes their configurations to them. Its command
// cleanup removes what uninstalling would leave.
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
	if len(os.Args) > 1 && os.Args[1] == cleanupCommand {
		if err := cleanup(ctrl.SetupSignalHandler(), os.Stdout, os.Args[2:]); err != nil {
			fmt.Fprintf(os.Stderr, "kubera-controller cleanup: %v\n", err)
			os.Exit(1)
		}
		return
	}
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
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "kubera-controller: unknown command %q: the only one is %s\n", flag.Arg(0), cleanupCommand)
		os.Exit(2)
	}
	if err := run(ctrl.SetupSignalHandler(), f); err != nil {
		ctrl.Log.WithName("setup").Error(err, "kubera-controller ends")
		os.Exit(1)
	}
}
