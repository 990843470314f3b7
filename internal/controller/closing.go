// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"maps"
	"slices"
	"time"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/infra"
)

// closingAllowance is the time that the proxies may take to hear that a listener is
// gone, before its connections have the drain timeout.
const closingAllowance = time.Minute

// openPorts are the ports at which proxies have connections: with the zero time as
// long as there is a listener, else until then. What a network does with connections
// to a port that a NetworkPolicy closes is its own choice, so they are to end first.
// A controller that starts knows of no listeners that were, and closes at once.
type openPorts map[infra.Port]time.Time

// of gives the ports of a Gateway that has had these.
func (p openPorts) of(model *gatewayapi.Gateway, now time.Time) openPorts {
	ports := openPorts{}
	for _, port := range model.Ports() {
		ports[infra.Port(port)] = time.Time{}
	}
	for port, until := range p {
		if _, open := ports[port]; open {
			continue
		}
		if until.IsZero() {
			until = now.Add(infra.DrainTimeout(model.Parameters) + closingAllowance)
		}
		if until.After(now) {
			ports[port] = until
		}
	}
	return ports
}

// split gives the ports that have listeners and those that had.
func (p openPorts) split() (open, closing []infra.Port) {
	for port, until := range p {
		if until.IsZero() {
			open = append(open, port)
		} else {
			closing = append(closing, port)
		}
	}
	return open, closing
}

// next is the time until the first port is to be closed; 0 if there is none.
func (p openPorts) next(now time.Time) time.Duration {
	var times []time.Time
	for until := range maps.Values(p) {
		if !until.IsZero() {
			times = append(times, until)
		}
	}
	if len(times) == 0 {
		return 0
	}
	return slices.MinFunc(times, time.Time.Compare).Sub(now)
}
