// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command coredns is CoreDNS with no more plugins than the conformance suite's
// configuration of it names: the backend of one test of UDPRoutes. All of CoreDNS
// takes minutes to build, because of plugins for clouds.
package main

import (
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/whoami"
)

func main() {
	coremain.Run()
}
