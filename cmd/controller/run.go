// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kubera-dev/kubera/internal/controller"
)

// leaderElectionID is the name of the Lease that the leader holds.
const leaderElectionID = "0b6d3d4c.gateway.kubera.dev"

// run is the operator, until ctx ends.
func run(ctx context.Context, f flags) error {
	if f.namespace == "" {
		return errors.New("--namespace or the environment variable POD_NAMESPACE is required")
	}
	if f.proxyImage == "" {
		return errors.New("--proxy-image or the environment variable PROXY_IMAGE is required")
	}
	cluster, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	return serve(ctx, cluster, f)
}

func serve(ctx context.Context, cluster *rest.Config, f flags) error {
	kinds, err := discovery.NewDiscoveryClientForConfig(cluster)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	absent, err := controller.CheckKinds(kinds)
	if err != nil {
		return err
	}
	for _, kind := range absent.Kinds() {
		ctrl.Log.WithName("setup").Info("the cluster doesn't have a kind of gateway.networking.k8s.io/v1: "+
			"this controller ends, to be started again, when it is installed", "kind", kind)
	}

	mgr, err := ctrl.NewManager(cluster, manager.Options{
		Scheme:                  controller.NewScheme(),
		Cache:                   controller.CacheOptions(),
		Metrics:                 metricsOptions(f),
		HealthProbeBindAddress:  f.probeAddress,
		LeaderElection:          f.leaderElect,
		LeaderElectionID:        leaderElectionID,
		LeaderElectionNamespace: f.namespace,
		// Safe, because the process ends right after the manager does. The next
		// leader need not wait for the lease to expire.
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return fmt.Errorf("make the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("healthz", healthz.Ping); err != nil {
		return fmt.Errorf("add /healthz: %w", err)
	}
	if err := mgr.AddReadyzCheck("readyz", healthz.Ping); err != nil {
		return fmt.Errorf("add /readyz: %w", err)
	}
	err = controller.Setup(ctx, mgr, controller.Options{
		ControllerName: f.controllerName,
		Namespace:      f.namespace,
		ProxyImage:     f.proxyImage,
		Absent:         absent,
	})
	if err != nil {
		return err
	}
	err = mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		return awaitKinds(ctx, kinds, absent, kindsInterval)
	}))
	if err != nil {
		return fmt.Errorf("add the look for absent kinds: %w", err)
	}
	return mgr.Start(ctx)
}

func metricsOptions(f flags) metricsserver.Options {
	o := metricsserver.Options{
		BindAddress:   f.metricsAddress,
		SecureServing: f.metricsSecure,
		CertDir:       f.metricsCertPath,
		CertName:      f.metricsCert,
		KeyName:       f.metricsKey,
	}
	if f.metricsSecure {
		o.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	if !f.enableHTTP2 {
		// Rapid Reset and its kin: what needs no HTTP/2 does without.
		o.TLSOpts = append(o.TLSOpts, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} })
	}
	return o
}
