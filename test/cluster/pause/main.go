// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command pause is the first container of every pod of a test cluster. It keeps the
// pod's namespaces until it is told to end.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}
