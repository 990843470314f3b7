// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"regexp"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

var reasonForm = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`)

// checkStatuses checks what holds for every status that an API server is to take.
func checkStatuses(t testing.TB, r *gatewayapi.Result) {
	t.Helper()
	for name, s := range r.Statuses.GatewayClasses {
		checkConditions(t, "GatewayClass "+name.Name, s.Conditions)
		if !slices.IsSortedFunc(s.SupportedFeatures, func(a, b gwv1.SupportedFeature) int {
			return compare(string(a.Name), string(b.Name))
		}) {
			t.Errorf("GatewayClass %s: supportedFeatures are not sorted", name.Name)
		}
	}
	for name, s := range r.Statuses.Gateways {
		checkConditions(t, "Gateway "+name.String(), s.Conditions)
		for _, l := range s.Listeners {
			checkConditions(t, "listener "+string(l.Name), l.Conditions)
			if l.SupportedKinds == nil {
				t.Errorf("Gateway %s, listener %s: supportedKinds is nil", name, l.Name)
			}
		}
	}
	for name, s := range r.Statuses.ListenerSets {
		checkConditions(t, "ListenerSet "+name.String(), s.Conditions)
	}
	for kind, statuses := range routeStatuses(r.Statuses) {
		for name, s := range statuses {
			for _, p := range s.Parents {
				checkConditions(t, kind+" "+name.String(), p.Conditions)
			}
		}
	}
	for name, s := range r.Statuses.BackendTLSPolicies {
		for _, a := range s.Ancestors {
			checkConditions(t, "BackendTLSPolicy "+name.String(), a.Conditions)
		}
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func checkConditions(t testing.TB, object string, list []metav1.Condition) {
	t.Helper()
	if len(list) == 0 || len(list) > 8 {
		t.Errorf("%s: %d conditions", object, len(list))
	}
	seen := map[string]bool{}
	for _, c := range list {
		if seen[c.Type] {
			t.Errorf("%s: two conditions of type %s", object, c.Type)
		}
		seen[c.Type] = true
		if !reasonForm.MatchString(c.Reason) {
			t.Errorf("%s: condition %s has the reason %q", object, c.Type, c.Reason)
		}
		if c.Message == "" || len(c.Message) > 32768 {
			t.Errorf("%s: condition %s has a message of %d bytes", object, c.Type, len(c.Message))
		}
		if !c.LastTransitionTime.IsZero() {
			t.Errorf("%s: condition %s has a time", object, c.Type)
		}
	}
}

// checkConfig checks what holds for every configuration: a proxy takes it.
func checkConfig(t testing.TB, c *config.Config) {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Errorf("a proxy refuses the configuration: %v", err)
	}
}
