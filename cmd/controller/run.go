// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/go-logr/logr"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/controller"
)

// leaderElectionID is the name of the Lease that the leader holds.
const leaderElectionID = "0b6d3d4c.gateway.kubera.dev"

// shutdownTimeout is how long a manager may take to end. A pod has 30 s.
const shutdownTimeout = 20 * time.Second

// run is the operator, until ctx ends.
func run(ctx context.Context, f flags) error {
	if f.namespace == "" {
		return errors.New("--namespace or the environment variable POD_NAMESPACE is required")
	}
	if f.proxyImage == "" {
		return errors.New("--proxy-image or the environment variable PROXY_IMAGE is required")
	}
	// The limit of the container. Without one there is nothing to heed.
	if _, err := memlimit.Set(memlimit.WithProvider(memlimit.FromCgroup)); err != nil {
		ctrl.Log.WithName("setup").V(1).Info("no memory limit is set", "reason", err.Error())
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	return serve(ctx, config, f)
}

// serve runs one manager after the other: each begins with the kinds that the cluster
// has, and ends when there are more.
func serve(ctx context.Context, config *rest.Config, f flags) error {
	kinds, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	p := &probes{}
	stop, err := p.listen(ctx, f.probeAddress)
	if err != nil {
		return err
	}
	defer stop()
	for {
		absent, err := awaitRequiredKinds(ctx, kinds, p.set)
		if err != nil {
			return nil // told to end before it could begin
		}
		err = operate(ctx, operation{config: config, flags: f, kinds: kinds, absent: absent, probes: p, log: ctrl.Log.WithName("apiserver")})
		if _, ok := errors.AsType[*newKindError](err); !ok {
			return err
		}
		p.set(err.Error())
		ctrl.Log.WithName("kinds").Info("begins anew", "reason", err.Error())
	}
}

// operation is what one manager runs with.
type operation struct {
	config *rest.Config
	flags  flags
	kinds  discovery.DiscoveryInterface
	absent cluster.Absent
	probes *probes
	// log is told of an API server that is away, or back.
	log logr.Logger
}

// operate runs a manager until ctx ends or there is an error, a *newKindError if it is
// time for another one.
func operate(ctx context.Context, o operation) error {
	f := o.flags
	config := rest.CopyConfig(o.config)
	config.Dial = (&apiServerDialer{log: o.log, ending: ctx.Done()}).DialContext
	mgr, err := ctrl.NewManager(config, manager.Options{
		Scheme:                  controller.NewScheme(),
		Cache:                   controller.CacheOptions(),
		Metrics:                 metricsOptions(f),
		LeaderElection:          f.leaderElect,
		LeaderElectionID:        leaderElectionID,
		LeaderElectionNamespace: f.namespace,
		GracefulShutdownTimeout: new(shutdownTimeout),
		// Safe: where a manager did not end in time, so does the process. The next
		// leader need not wait for the lease to expire.
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return fmt.Errorf("make the manager: %w", err)
	}
	o.probes.set("reading the cluster")
	err = controller.Setup(ctx, mgr, controller.Options{
		ControllerName:  f.controllerName,
		GatewayClass:    f.gatewayClass,
		Namespace:       f.namespace,
		ProxyImage:      f.proxyImage,
		NetworkPolicies: f.networkPolicies,
		Absent:          o.absent,
		Warm:            func() { o.probes.set("") },
		Version:         version,
	})
	if err != nil {
		return err
	}
	err = mgr.Add(controller.EveryReplica(func(ctx context.Context) error {
		return awaitKinds(ctx, o.kinds, o.absent, kindsInterval)
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
