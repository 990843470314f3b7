// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"errors"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/internal/render"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// Options of a translation.
type Options struct {
	// PortOffset is added to the port of each listener to get the port that is
	// bound. Default: 0.
	PortOffset int32
	// AllClasses serves the Gateways of every class, whatever controller the class
	// names and whether or not there is such a class.
	AllClasses bool
	// LogLevel where no parameters of a Gateway have one. Default: info.
	LogLevel string
}

// Translation is what a set of objects comes to. It must not be modified.
type Translation struct {
	Set    *manifest.Set
	Result *gatewayapi.Result
	// Config is sealed.
	Config *config.Config
	// Statuses of all objects that have one, in the order of the files.
	Statuses []Status
	// Kept are Gateways that are not accepted and in Config as they were when
	// they last were. Only a Server keeps any.
	Kept []manifest.Key

	// keptOut are the problems of listeners that what is kept leaves no port.
	keptOut []manifest.Problem
}

// Translate is a pure function. Neither set nor what it holds is modified.
func Translate(set *manifest.Set, o Options) *Translation {
	snap := set.Snapshot
	if o.AllClasses {
		snap = claimAll(snap)
	}
	result := gatewayapi.Translate(snap, gatewayapi.Options{
		ControllerName:    manifest.ControllerName,
		AllowExternalName: true,
		SharedAddresses:   true,
	})
	cfg := render.Config(result.Gateways, render.Options{PortOffset: o.PortOffset, LogLevel: o.LogLevel})
	if cfg.Version == "" {
		config.Seal(cfg)
	}
	return &Translation{Set: set, Result: result, Config: cfg, Statuses: statuses(set, result)}
}

// claimAll gives a snapshot in which every class that a Gateway names is ours.
func claimAll(s *snapshot.Snapshot) *snapshot.Snapshot {
	claimed := *s
	claimed.GatewayClasses = nil
	known := map[string]bool{}
	for _, class := range s.GatewayClasses {
		known[class.Name] = true
		if class.Spec.ControllerName != manifest.ControllerName {
			class = class.DeepCopy()
			class.Spec.ControllerName = manifest.ControllerName
			// Parameters of another implementation mean nothing here.
			class.Spec.ParametersRef = nil
		}
		claimed.GatewayClasses = append(claimed.GatewayClasses, class)
	}
	for _, gw := range s.Gateways {
		if name := string(gw.Spec.GatewayClassName); !known[name] {
			known[name] = true
			claimed.GatewayClasses = append(claimed.GatewayClasses, &gwv1.GatewayClass{
				ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1},
				Spec:       gwv1.GatewayClassSpec{ControllerName: manifest.ControllerName},
			})
		}
	}
	return &claimed
}

// Serves tells whether there is anything to serve.
func (t *Translation) Serves() bool {
	return len(t.Config.Listeners) > 0
}

// Bad tells whether anything needs mending.
func (t *Translation) Bad() bool {
	return slices.ContainsFunc(t.Problems(), func(p manifest.Problem) bool { return !p.Note })
}

// ErrNothing is returned where no listener can be served.
var ErrNothing = errors.New("there is nothing to serve: no Gateway with a listener that is accepted")
