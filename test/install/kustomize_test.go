// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("Kustomize", func() { comesAndGoes(kustomized{}) })

// kustomized is the way of "make deploy" and "make undeploy".
type kustomized struct{}

func (kustomized) Install(ctx context.Context) { target(ctx, "deploy") }

func (kustomized) Remove(ctx context.Context) { target(ctx, "undeploy") }

// target is made with the images that the cluster has.
func target(ctx context.Context, name string) {
	GinkgoHelper()
	run(ctx, "make", "--no-print-directory", name, "KUBECTL="+tool("KUBECTL"),
		"IMG="+controllerImage+":"+version, "PROXY_IMG="+proxyImage+":"+version)
}
