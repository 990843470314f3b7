// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// intersect says whether some name matches both hostnames. Each is exact, a
// wildcard, which stands for one or more labels, or empty for every name.
func intersect(a, b string) bool {
	switch {
	case a == "" || b == "" || a == b:
		return true
	case isWildcard(a) && isWildcard(b):
		return strings.HasSuffix(a[1:], b[1:]) || strings.HasSuffix(b[1:], a[1:])
	case isWildcard(a):
		return wildcardMatches(a, b)
	case isWildcard(b):
		return wildcardMatches(b, a)
	}
	return false
}

func isWildcard(hostname string) bool { return strings.HasPrefix(hostname, "*.") }

func wildcardMatches(wildcard, name string) bool {
	return len(name) >= len(wildcard) && strings.HasSuffix(name, wildcard[1:])
}

// validHostname says whether requests can have a hostname, or a wildcard stands
// for names that they can have. IP addresses are no hostnames, says the API, which
// the CRDs don't see to.
func validHostname(hostname string) bool {
	_, err := netip.ParseAddr(hostname)
	return err != nil && len(validation.IsDNS1123Subdomain(strings.TrimPrefix(hostname, "*."))) == 0
}

// intersecting gives those of a route's hostnames that intersect with the
// listener's. ok is false if the route has hostnames and none does. Hostnames
// that are none intersect with nothing.
func intersecting(listener string, route []gwv1.Hostname) (own []string, ok bool) {
	for _, h := range route {
		name := strings.ToLower(string(h))
		if validHostname(name) && intersect(listener, name) && !slices.Contains(own, name) {
			own = append(own, name)
		}
	}
	return own, len(own) > 0 || len(route) == 0
}
