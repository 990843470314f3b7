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
	ctx, stop := untilSignal()
	defer stop()
	return cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, version)
}

// untilSignal gives a context that ends with the first SIGINT or SIGTERM, or with the
// function, which the caller has to call. The first signal lets requests end. When the
// context has ended, signals do what they do to any program, so that a second one
// doesn't wait for them: a context of signal.NotifyContext ends before that.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals)
		cancel()
	}()
	return ctx, cancel
}
