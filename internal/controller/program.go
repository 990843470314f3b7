// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// program is what the last translation of a Gateway came to. It is immutable.
type program struct {
	// model of the Gateway.
	model *gatewayapi.Gateway
	// status as far as it follows from objects.
	status gwv1.GatewayStatus
	// sets are the statuses of its ListenerSets, as far.
	sets map[types.NamespacedName]gwv1.ListenerSetStatus
	// served is the model that the proxies run or should run: that of the last time
	// when the Gateway was accepted, without what was revoked since. nil if nobody
	// knows.
	served *gatewayapi.Gateway
	// version of the configuration that the proxies should run; empty if they
	// are to be left alone.
	version string
	// backends of what the proxies run or should run, whose endpoints they get.
	backends []*gatewayapi.Backend
	// service that clients reach the proxies by.
	service types.NamespacedName
	// label is the value of the label that pods and objects are found by; empty
	// before there are any.
	label string
	// ports at which the proxies have connections.
	ports openPorts
	// fault says what keeps the Gateway's objects from being as they should be.
	fault string
	// since is when the version became the one to run.
	since time.Time
}

// programs holds the program of each Gateway of ours.
type programs struct {
	mu    sync.Mutex
	items map[types.NamespacedName]*program
	locks map[types.NamespacedName]*sync.Mutex
}

func newPrograms() *programs {
	return &programs{items: map[types.NamespacedName]*program{}, locks: map[types.NamespacedName]*sync.Mutex{}}
}

func (p *programs) get(name types.NamespacedName) *program {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.items[name]
}

func (p *programs) set(name types.NamespacedName, item *program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.items[name] = item
}

// remove reports whether there was one.
func (p *programs) remove(name types.NamespacedName) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.items[name]
	delete(p.items, name)
	return ok
}

func (p *programs) names() []types.NamespacedName {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.items))
}

// lock makes reading endpoints and handing them to the fleet one step: whoever
// read later hands over later, so that older endpoints never replace newer ones.
func (p *programs) lock(name types.NamespacedName) (unlock func()) {
	p.mu.Lock()
	l := p.locks[name]
	if l == nil {
		// Kept for the life of the process: dropping one that somebody waits
		// for would let two in.
		l = &sync.Mutex{}
		p.locks[name] = l
	}
	p.mu.Unlock()
	l.Lock()
	return l.Unlock
}

// labelled finds the Gateways of a namespace whose objects have the label.
func (p *programs) labelled(namespace, label string) []types.NamespacedName {
	if label == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []types.NamespacedName
	for name, item := range p.items {
		if name.Namespace == namespace && item.label == label {
			names = append(names, name)
		}
	}
	return names
}
