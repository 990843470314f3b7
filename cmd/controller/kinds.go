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
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// kindsInterval is the pause between two looks for kinds that were absent, and
// requiredInterval that between looks for those without which nothing can begin.
const (
	kindsInterval    = 10 * time.Second
	requiredInterval = 2 * time.Second
)

// awaitRequiredKinds returns when the cluster has all kinds without which nothing can
// begin. It tells of what it waits for, and logs it, each time that it is something
// else. The error is that of ctx.
func awaitRequiredKinds(ctx context.Context, client discovery.DiscoveryInterface, tell func(reason string)) (cluster.Absent, error) {
	log := ctrl.Log.WithName("kinds")
	tick := time.NewTicker(requiredInterval)
	defer tick.Stop()
	told := ""
	for {
		absent, err := controller.CheckKinds(client)
		if err == nil {
			for _, kind := range absent.Kinds() {
				log.Info("the cluster doesn't have a kind of gateway.networking.k8s.io/v1: it is served when it is installed",
					"kind", kind, "command", gatewayapi.InstallCommand(""))
			}
			return absent, nil
		}
		if reason := err.Error(); reason != told {
			told = reason
			tell(reason)
			log.Info("waits", "reason", reason)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// newKindError says that the cluster has got a kind that it did not have.
type newKindError struct{ kind cluster.Kind }

func (e *newKindError) Error() string {
	return fmt.Sprintf("the cluster has got the kind %s", e.kind)
}

// awaitKinds ends with a *newKindError when the cluster has got a kind that it did not
// have, so that another manager reads it: an unseen BackendTLSPolicy would leave a
// backend to be reached in clear text. Without an absent kind it ends with ctx, as it
// does otherwise.
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
				return &newKindError{kind: kind}
			}
		}
	}
}
