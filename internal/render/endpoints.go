// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// Endpoints gives the endpoints of backends from newer EndpointSlices, for a push
// that changes nothing else. It is what Config gives for the same backends and
// slices. slices may hold those of other Services; the ones that backends were
// made with are not looked at. Backends of ExternalName Services are left out,
// since EndpointSlices don't change them. The result is sorted by ID.
func Endpoints(backends []*gatewayapi.Backend, slices []*discoveryv1.EndpointSlice) []config.BackendEndpoints {
	byService := map[types.NamespacedName][]*discoveryv1.EndpointSlice{}
	for _, s := range slices {
		name := snapshot.ServiceOf(s)
		byService[name] = append(byService[name], s)
	}
	var updates []config.BackendEndpoints
	for _, b := range sortedBackends(backends) {
		if b.ExternalName == "" {
			updates = append(updates, config.BackendEndpoints{ID: b.ID(), Endpoints: endpoints(b, byService[b.Service])})
		}
	}
	return updates
}

func sortedBackends(backends []*gatewayapi.Backend) []*gatewayapi.Backend {
	return slices.SortedFunc(slices.Values(backends), func(a, b *gatewayapi.Backend) int { return cmp.Compare(a.ID(), b.ID()) })
}

// endpoints gives the addresses that serve, sorted, each once. An address that is
// ready in one slice and ending in another is ready: slices overlap while
// endpoints move between them.
func endpoints(b *gatewayapi.Backend, list []*discoveryv1.EndpointSlice) []config.Endpoint {
	if b.ExternalName != "" {
		return []config.Endpoint{{Address: join(b.ExternalName, b.Port)}}
	}
	draining := map[string]bool{}
	for _, slice := range list {
		port := slicePort(slice, b)
		if port == 0 || slice.AddressType == discoveryv1.AddressTypeFQDN {
			continue
		}
		for _, e := range slice.Endpoints {
			state := stateOf(e.Conditions)
			if state == gone || len(e.Addresses) == 0 {
				continue
			}
			// All addresses of an endpoint are the same pod; the first is enough.
			ip, err := netip.ParseAddr(e.Addresses[0])
			if err != nil {
				continue
			}
			address := join(ip.String(), port)
			if before, ok := draining[address]; !ok || before {
				draining[address] = state == ending
			}
		}
	}
	result := make([]config.Endpoint, 0, len(draining))
	for _, address := range slices.Sorted(maps.Keys(draining)) {
		result = append(result, config.Endpoint{Address: address, Draining: draining[address]})
	}
	if len(result) == 0 {
		return nil
	}
	return result
}

// slicePort gives the backend's port in the slice, 0 if there is none. A Service with
// one port may leave the name out, on both sides.
func slicePort(slice *discoveryv1.EndpointSlice, b *gatewayapi.Backend) int32 {
	wanted := corev1.ProtocolTCP
	if b.UDP {
		wanted = corev1.ProtocolUDP
	}
	for _, p := range slice.Ports {
		name, protocol := "", corev1.ProtocolTCP
		if p.Name != nil {
			name = *p.Name
		}
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		if name == b.PortName && protocol == wanted && p.Port != nil && *p.Port > 0 && *p.Port <= 65535 {
			return *p.Port
		}
	}
	return 0
}

// state is how an endpoint can be used.
type state int

const (
	gone state = iota
	ending
	ready
)

// stateOf reads the conditions of an endpoint: ready, where unknown means yes, or
// else still serving while terminating.
func stateOf(c discoveryv1.EndpointConditions) state {
	if c.Ready == nil || *c.Ready {
		return ready
	}
	if isTrue(c.Serving) && isTrue(c.Terminating) {
		return ending
	}
	return gone
}

func isTrue(b *bool) bool { return b != nil && *b }

func join(host string, port int32) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
