// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/metrics"
	"github.com/kubera-dev/kubera/internal/pki"
)

// DefaultControllerName is the spec.controllerName of the GatewayClasses that are
// served by default.
const DefaultControllerName = "kubera.dev/gateway-controller"

// Options of the operator.
type Options struct {
	// ControllerName of the GatewayClasses that are served.
	// Default: DefaultControllerName.
	ControllerName string
	// GatewayClass that the operator makes where there is none of the name; empty for
	// none.
	GatewayClass string
	// Namespace of the operator, where the authority's Secret is. Required.
	Namespace string
	// ProxyImage of Gateways whose parameters name none. Required.
	ProxyImage string
	// NetworkPolicies says whether there are to be any of proxies, which let only pods
	// of Namespace with the labels of infra.ControllerSelector reach the control port.
	NetworkPolicies bool
	// Settle is the time that a changed Secret may take to get into a pod; a
	// rotation of the authority waits for it twice. Default: 10m.
	Settle time.Duration
	// Fleet adjusts the pushes. Credentials and Changed are set by Setup.
	Fleet fleet.Options
	// Absent kinds, as CheckKinds finds them.
	Absent cluster.Absent
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Warm is called once, when everything that the operator watches has been read,
	// whether or not it leads; by default nobody is told. It must not block.
	Warm func()
	// Version of the program, for its metrics.
	Version string
}

// operator is what the controllers share.
type operator struct {
	mgr       manager.Manager
	options   Options
	identity  *pki.Identity
	interests *cluster.Interests
	programs  *programs
	fleet     *fleet.Fleet
	reader    *cluster.Reader
	metrics   *metrics.Metrics

	// Requests that other controllers make.
	gateways, programmed, authority, classes trigger
}

// Setup adds the operator's controllers to a manager, whose scheme and cache are
// those of NewScheme and CacheOptions.
func Setup(ctx context.Context, mgr manager.Manager, options Options) error {
	options.ControllerName = cmp.Or(options.ControllerName, DefaultControllerName)
	options.Settle = cmp.Or(options.Settle, 10*time.Minute)
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Warm == nil {
		options.Warm = func() {}
	}
	if options.Namespace == "" || options.ProxyImage == "" {
		return errors.New("the operator's namespace and the proxy image are required")
	}
	warming := newWarming(mgr)
	o := &operator{
		mgr: warming, options: options,
		identity:  &pki.Identity{Now: options.Now},
		interests: &cluster.Interests{},
		programs:  newPrograms(),
	}
	if err := cluster.AddIndexes(ctx, mgr.GetFieldIndexer(), options.Absent); err != nil {
		return err
	}
	var err error
	if o.metrics, err = metrics.Shared(ctrlmetrics.Registry, options.Version); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	if err := o.startFleet(); err != nil {
		return err
	}
	o.reader = &cluster.Reader{
		Client: mgr.GetClient(), Interests: o.interests,
		ControllerName: gwv1.GatewayController(options.ControllerName), Absent: options.Absent,
	}
	for _, add := range []func() error{
		o.addGateways, o.addListenerSets, o.addEndpoints, o.addProgrammed, o.addClasses, o.addFilters, o.addAuthority,
	} {
		if err := add(); err != nil {
			return err
		}
	}
	// +kubebuilder:scaffold:builder
	return warming.tell(options.Warm)
}

// startFleet makes the fleet, which ends with the manager. It is idle until the
// controllers, and so the leader, tell it of pods.
func (o *operator) startFleet() error {
	options := o.options.Fleet
	options.Credentials = o.identity.ClientConfig
	options.Changed = func(id string) {
		if name, ok := parseID(id); ok {
			o.programmed.fire(requestFor(name))
		}
	}
	if options.Log == nil {
		options.Log = slog.New(logr.ToSlogHandler(o.mgr.GetLogger().WithName("fleet")))
	}
	options.Metrics = o.metrics
	o.fleet = fleet.New(options)
	return o.mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		<-ctx.Done()
		o.fleet.Close()
		return nil
	}))
}

// policyNamespace is that of whoever NetworkPolicies let in; empty if there are to be none.
func (o *operator) policyNamespace() string {
	if !o.options.NetworkPolicies {
		return ""
	}
	return o.options.Namespace
}

func (o *operator) translation() gatewayapi.Options {
	return gatewayapi.Options{ControllerName: o.options.ControllerName}
}

func (o *operator) addGateways() error {
	recorder := o.recorder()
	applier := &applier{cached: o.mgr.GetClient(), live: o.mgr.GetAPIReader(), controllerName: o.options.ControllerName}
	r := &gatewayReconciler{
		reader: o.reader, translation: o.translation(), programs: o.programs, fleet: o.fleet,
		metrics: o.metrics, now: o.options.Now,
		endpoints: &endpoints{reader: o.reader, programs: o.programs, fleet: o.fleet},
		statuses: &dependentStatuses{
			events: recorder,
			writer: &statusWriter{client: o.mgr.GetClient()}, controllerName: gwv1.GatewayController(o.options.ControllerName), now: o.options.Now,
		},
		provision: &provisioner{
			applier: applier, events: recorder, image: o.options.ProxyImage,
			controllerNamespace: o.policyNamespace(),
			secrets:             &controlSecrets{applier: applier, events: recorder, identity: o.identity, now: o.options.Now},
		},
		changed: func(req reconcile.Request) {
			o.programmed.fire(req)
			if a := o.identity.Authority(); a == nil || a.Phase() != pki.Settled {
				// A rotation may wait for this Gateway's Secret.
				o.authority.fire(o.authorityRequest())
			}
		},
	}
	return o.buildGateways(r)
}

func (o *operator) addAuthority() error {
	return o.buildAuthority(&authorityReconciler{
		client: o.mgr.GetClient(), live: o.mgr.GetAPIReader(),
		events:   o.recorder(),
		identity: o.identity, metrics: o.metrics, secret: o.authorityRequest().NamespacedName,
		settle: o.options.Settle, now: o.options.Now,
		gateways: o.programs.names,
		changed: func() {
			for _, name := range o.programs.names() {
				o.gateways.fire(requestFor(name))
			}
		},
	})
}

func (o *operator) authorityRequest() ctrl.Request {
	return requestFor(types.NamespacedName{Namespace: o.options.Namespace, Name: AuthoritySecret})
}
