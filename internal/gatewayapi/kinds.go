// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"slices"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// separateKinds sees to it that no hostname of a listener has routes of both kinds: "If
// a Route (A) of type HTTPRoute or GRPCRoute is attached to a Listener and that listener
// already has another Route (B) of the other type attached and the intersection of the
// hostnames of A and B is non-empty, then the implementation MUST accept exactly one of
// these two routes", the older, or the first by name (GRPCRouteSpec.hostnames).
func separateKinds(http, grpc []*route) {
	if len(http) == 0 || len(grpc) == 0 {
		return
	}
	taken := map[*listener][]claim{}
	for _, r := range slices.SortedStableFunc(slices.Values(slices.Concat(http, grpc)), compareRoutes) {
		if r.rejected != nil {
			continue
		}
		for _, p := range r.parents {
			p.displace(r.kind, taken)
			for _, a := range p.attachments {
				taken[a.listener] = append(taken[a.listener], claim{r, a.hostnames})
			}
		}
	}
}

func compareRoutes(a, b *route) int { return compareAges(a.object, b.object) }

// displace takes the route from listeners where a route of another kind has claimed one
// of its hostnames.
func (p *parent) displace(kind gwv1.Kind, taken map[*listener][]claim) {
	p.attachments = slices.DeleteFunc(p.attachments, func(a attachment) bool {
		i := slices.IndexFunc(taken[a.listener], func(c claim) bool {
			return c.route.kind != kind && overlap(c.hostnames, a.hostnames)
		})
		if i < 0 {
			return false
		}
		other := taken[a.listener][i].route
		p.displaced = append(p.displaced, fmt.Sprintf("listener %s has %s %s with an intersecting hostname, which is older, or comes first by name",
			a.listener.spec.Name, other.kind, snapshot.NameOf(other.object)))
		return true
	})
	if p.problem == nil && len(p.attachments) == 0 {
		p.problem = problemf(reasonKindConflict, "%s", p.displacedBy())
	}
}

// reasonKindConflict is ours: the API has none for a route whose hostname has a route of
// another kind.
const reasonKindConflict = "HostnameConflict"

// claim is what a route has of a listener.
type claim struct {
	route     *route
	hostnames []string
}

// overlap says whether hostnames of two attachments to one listener intersect. None are
// all that the listener has.
func overlap(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(one string) bool {
		return slices.ContainsFunc(b, func(other string) bool { return intersect(one, other) })
	})
}
