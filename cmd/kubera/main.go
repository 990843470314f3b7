// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubera serves Gateway API resources without a cluster, and shows what
// they come to.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/kubera-dev/kubera/internal/cli"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = "devel"

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal lets requests end. From then on signals do what they do to
	// any program, so that a second one doesn't wait for them.
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, version)
}
