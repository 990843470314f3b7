// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// Options of a translation.
type Options struct {
	// ControllerName of the GatewayClasses that are ours.
	ControllerName string
	// AllowExternalName makes Services of type ExternalName backends. The
	// operator leaves it off, since such a Service can name anything that the
	// proxy can reach (CVE-2021-25740).
	AllowExternalName bool
	// SharedAddresses is set where all Gateways are bound to the same addresses,
	// in one process. A port then belongs to the oldest Gateway that has it.
	SharedAddresses bool
}

// Result of a translation. It shares objects with the snapshot and must not be
// modified.
type Result struct {
	// Gateways of our classes, sorted by namespace and name.
	Gateways []*Gateway
	Statuses Statuses
}

// Statuses of objects, by namespace and name. Conditions have no
// lastTransitionTime; package status fills it in. An object that is not here
// gets no status from us.
type Statuses struct {
	GatewayClasses map[types.NamespacedName]gwv1.GatewayClassStatus
	Gateways       map[types.NamespacedName]gwv1.GatewayStatus
	ListenerSets   map[types.NamespacedName]gwv1.ListenerSetStatus

	// Of routes, the parents that are Gateways of ours in the snapshot, or
	// ListenerSets of such.
	HTTPRoutes map[types.NamespacedName]gwv1.RouteStatus
	GRPCRoutes map[types.NamespacedName]gwv1.RouteStatus
	TLSRoutes  map[types.NamespacedName]gwv1.RouteStatus
	TCPRoutes  map[types.NamespacedName]gwv1.RouteStatus
	UDPRoutes  map[types.NamespacedName]gwv1.RouteStatus

	// Of policies, the ancestors that are Gateways of ours in the snapshot.
	BackendTLSPolicies map[types.NamespacedName]gwv1.PolicyStatus

	StaticResponseFilters map[types.NamespacedName]v1alpha1.FilterStatus
	AccessControlFilters  map[types.NamespacedName]v1alpha1.FilterStatus
}

// translation is the state of one Translate.
type translation struct {
	snapshot *snapshot.Snapshot
	index    *snapshot.Index
	options  Options

	classes  map[string]*class
	gateways map[types.NamespacedName]*gateway
	sets     map[types.NamespacedName]*listenerSet
	// order of gateways, by namespace and name.
	order        []*gateway
	backends     map[string]*Backend
	certificates map[types.NamespacedName]*parsedCertificate
	bundles      map[types.NamespacedName]*parsedBundle
	policies     map[types.NamespacedName]*tlsPolicy
	statuses     Statuses
}

// Translate works out what the Gateways of our classes serve and what the
// statuses of all objects are. It is a pure function: the order of objects in s
// is without effect, and nothing in s is modified. It is safe for concurrent use.
func Translate(s *snapshot.Snapshot, o Options) *Result {
	t := &translation{
		snapshot:     s,
		index:        snapshot.NewIndex(s),
		options:      o,
		classes:      map[string]*class{},
		gateways:     map[types.NamespacedName]*gateway{},
		sets:         map[types.NamespacedName]*listenerSet{},
		backends:     map[string]*Backend{},
		certificates: map[types.NamespacedName]*parsedCertificate{},
		bundles:      map[types.NamespacedName]*parsedBundle{},
		policies:     map[types.NamespacedName]*tlsPolicy{},
	}
	t.translateClasses()
	t.translateGateways()
	t.translateFilters()
	t.translateRoutes()
	t.translatePolicies()
	return t.result()
}

func (t *translation) result() *Result {
	r := &Result{}
	t.statuses.Gateways = map[types.NamespacedName]gwv1.GatewayStatus{}
	for _, g := range t.order {
		g.finish()
		r.Gateways = append(r.Gateways, g.model)
		t.statuses.Gateways[g.model.Name()] = g.status()
	}
	t.statuses.ListenerSets = t.listenerSetStatuses()
	r.Statuses = t.statuses
	return r
}

// sortedByName gives a sorted copy.
func sortedByName[T metav1.Object](list []T) []T {
	return slices.SortedFunc(slices.Values(list), func(a, b T) int {
		return compareNames(snapshot.NameOf(a), snapshot.NameOf(b))
	})
}

// sortedByAge gives a sorted copy, the oldest first, then by name: the order in
// which the Gateway API settles conflicts.
func sortedByAge[T metav1.Object](list []T) []T {
	return slices.SortedFunc(slices.Values(list), func(a, b T) int { return compareAges(a, b) })
}

func compareAges(a, b metav1.Object) int {
	return cmp.Or(
		a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time),
		compareNames(snapshot.NameOf(a), snapshot.NameOf(b)))
}

func compareNames(a, b types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
