// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/discovery"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/controller"
)

// kindsInterval is the pause between two looks for kinds that were absent.
const kindsInterval = time.Minute

// awaitKinds ends with an error when the cluster has got a kind that it did not
// have, so that the process is started again and reads it: an unseen
// BackendTLSPolicy would leave a backend to be reached in clear text. Without an
// absent kind it ends with ctx, as it does otherwise.
func awaitKinds(ctx context.Context, client discovery.DiscoveryInterface, absent cluster.Absent, interval time.Duration) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if len(absent.Kinds()) == 0 {
			continue
		}
		now, err := controller.CheckKinds(client)
		if err != nil {
			// An API server that is away, most likely; the next look will tell.
			ctrl.Log.WithName("kinds").Info("can't look for kinds that were absent", "error", err.Error())
			continue
		}
		for _, kind := range absent.Kinds() {
			if !now[kind] {
				return fmt.Errorf("the cluster has got the kind %s: start again to read it", kind)
			}
		}
	}
}
