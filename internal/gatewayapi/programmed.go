// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// PushState is what became of the configuration of a Gateway: the one input of a
// status that is no object.
type PushState struct {
	// Proxies is the number of proxies that are to serve the Gateway now, and
	// Applied how many of them run a configuration made of this generation.
	Proxies int
	Applied int
	// Fault says what keeps the proxies from being made as they should be, and how
	// to mend it, or is empty.
	Fault string
	// Refusal is what a proxy said that refused the configuration, or empty.
	Refusal string
	// Outdated says what is not served because a proxy is too old to understand it, or
	// is empty.
	Outdated string
	// Addresses that the Gateway can be reached at.
	Addresses []gwv1.GatewayStatusAddress
	// AddressProblem says why there are none yet, or is empty.
	AddressProblem string
	// Unreached says why the addresses lead to no proxy yet, or is empty.
	Unreached string
}

// Programmed completes the status of a Gateway, as Translate gives it: it fills in
// the addresses, and settles conditions of type Programmed that are Unknown, of the
// Gateway and of its listeners. Nothing else depends on proxies; what is refused for
// its own sake stays refused. The status given is not modified.
func Programmed(status gwv1.GatewayStatus, spec gwv1.GatewaySpec, state PushState) gwv1.GatewayStatus {
	result := *status.DeepCopy()
	result.Addresses = slices.Clone(state.Addresses)
	outcome := state.outcome()
	for i := range result.Listeners {
		settle(result.Listeners[i].Conditions, outcome)
	}
	if p := state.addressProblem(spec.Addresses); p != nil && outcome.status == metav1.ConditionTrue {
		outcome = settlement{metav1.ConditionFalse, p.reason, p.message}
	}
	if state.Unreached != "" && outcome.status == metav1.ConditionTrue {
		outcome = settlement{metav1.ConditionFalse, string(gwv1.GatewayReasonPending), bounded(state.Unreached)}
	}
	if state.Fault != "" && state.Refusal == "" {
		// It explains why there is no proxy, or no address.
		outcome = settlement{metav1.ConditionFalse, string(gwv1.GatewayReasonInvalid), bounded(state.Fault)}
	}
	settle(result.Conditions, outcome)
	return result
}

// ProgrammedListenerSet completes the status of a ListenerSet, as Translate gives it,
// as Programmed does that of its Gateway, which is given completed. The status given is
// not modified.
func ProgrammedListenerSet(status gwv1.ListenerSetStatus, gateway gwv1.GatewayStatus, state PushState) gwv1.ListenerSetStatus {
	result := *status.DeepCopy()
	outcome := state.outcome()
	for i := range result.Listeners {
		settle(result.Listeners[i].Conditions, outcome)
	}
	if c := meta.FindStatusCondition(gateway.Conditions, string(gwv1.GatewayConditionProgrammed)); c != nil && c.Status != metav1.ConditionTrue {
		outcome = settlement{metav1.ConditionFalse, reasonParentNotProgrammed, "the Gateway is not programmed: " + c.Message}
	}
	settle(result.Conditions, outcome)
	return result
}

// reasonParentNotProgrammed is one that ListenerSetConditionProgrammed names, without
// a constant for it.
const reasonParentNotProgrammed = "ParentNotProgrammed"

// Orphaned is the status of a ListenerSet whose Gateway does not exist any more: what
// was said of it before is true no longer.
func Orphaned(set *gwv1.ListenerSet) gwv1.ListenerSetStatus {
	c := conditions{generation: set.Generation}
	message := "the Gateway does not exist: " + string(set.Spec.ParentRef.Name)
	c.add(string(gwv1.ListenerSetConditionAccepted), metav1.ConditionUnknown, string(gwv1.ListenerSetReasonPending), message)
	c.add(string(gwv1.ListenerSetConditionProgrammed), metav1.ConditionUnknown, string(gwv1.ListenerSetReasonPending), message)
	return gwv1.ListenerSetStatus{Conditions: c.list}
}

// settlement is what an undecided condition becomes.
type settlement struct {
	status  metav1.ConditionStatus
	reason  string
	message string
}

func (s PushState) outcome() settlement {
	switch {
	case s.Refusal != "":
		return settlement{metav1.ConditionFalse, string(gwv1.GatewayReasonInvalid),
			"a proxy refused the configuration and keeps the last one: " + bounded(s.Refusal)}
	case s.Proxies == 0:
		return settlement{metav1.ConditionFalse, string(gwv1.GatewayReasonPending), "no proxy is ready"}
	case s.Applied < s.Proxies:
		return settlement{metav1.ConditionFalse, string(gwv1.GatewayReasonPending),
			fmt.Sprintf("%d of %d proxies run this configuration", s.Applied, s.Proxies)}
	case s.Outdated != "":
		return settlement{metav1.ConditionFalse, string(gwv1.GatewayReasonPending), bounded(s.Outdated)}
	}
	return settlement{metav1.ConditionTrue, string(gwv1.GatewayReasonProgrammed),
		fmt.Sprintf("%d of %d proxies run this configuration", s.Applied, s.Proxies)}
}

// addressProblem finds out whether there is an address, each that the spec asks for,
// and one of each type that it asks for without a value.
func (s PushState) addressProblem(wanted []gwv1.GatewaySpecAddress) *problem {
	const reason = gwv1.GatewayReasonAddressNotAssigned
	for i, w := range wanted {
		if w.Value != "" && !slices.ContainsFunc(s.Addresses, func(a gwv1.GatewayStatusAddress) bool { return sameAddress(w, a) }) {
			return problemf(gwv1.GatewayReasonAddressNotUsable,
				"spec.addresses[%d]: %s %s is not assigned: ask for one that the load balancer has, or leave the value out to have one assigned",
				i, addressType(w.Type), w.Value)
		}
	}
	if len(s.Addresses) == 0 {
		if s.AddressProblem != "" {
			return problemf(reason, "%s", bounded(s.AddressProblem))
		}
		return problemf(reason, "no address is assigned yet")
	}
	for i, w := range wanted {
		typ := addressType(w.Type)
		if !slices.ContainsFunc(s.Addresses, func(a gwv1.GatewayStatusAddress) bool { return addressType(a.Type) == typ }) {
			return problemf(reason, "spec.addresses[%d]: no address of type %s is assigned", i, typ)
		}
	}
	return nil
}

func sameAddress(w gwv1.GatewaySpecAddress, a gwv1.GatewayStatusAddress) bool {
	if addressType(w.Type) != addressType(a.Type) {
		return false
	}
	if wanted, err := netip.ParseAddr(w.Value); err == nil {
		assigned, err := netip.ParseAddr(a.Value)
		return err == nil && wanted == assigned
	}
	return strings.EqualFold(w.Value, a.Value)
}

// settle decides the condition Programmed, if it is Unknown.
func settle(conditions []metav1.Condition, s settlement) {
	for i := range conditions {
		c := &conditions[i]
		if c.Type == string(gwv1.GatewayConditionProgrammed) && c.Status == metav1.ConditionUnknown {
			c.Status, c.Reason, c.Message = s.status, s.reason, s.message
		}
	}
}
