// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// The types of conditions that we set, by object.
var (
	classConditions = []string{
		string(gwv1.GatewayClassConditionStatusAccepted),
		string(gwv1.GatewayClassConditionStatusSupportedVersion),
	}
	gatewayConditions = []string{
		string(gwv1.GatewayConditionAccepted),
		string(gwv1.GatewayConditionProgrammed),
		string(gwv1.GatewayConditionResolvedRefs),
		string(gwv1.GatewayConditionInsecureFrontendValidationMode),
	}
	listenerConditions = []string{
		string(gwv1.ListenerConditionAccepted),
		string(gwv1.ListenerConditionProgrammed),
		string(gwv1.ListenerConditionResolvedRefs),
		string(gwv1.ListenerConditionConflicted),
		string(gwv1.ListenerConditionOverlappingTLSConfig),
	}
	setConditions = []string{
		string(gwv1.ListenerSetConditionAccepted),
		string(gwv1.ListenerSetConditionProgrammed),
	}
	filterConditions = []string{v1alpha1.FilterConditionAccepted}
)

// MergeGatewayClass merges the status of a GatewayClass of ours.
func MergeGatewayClass(existing, ours gwv1.GatewayClassStatus, now metav1.Time) gwv1.GatewayClassStatus {
	ours.Conditions = Conditions(existing.Conditions, ours.Conditions, classConditions, now)
	ours.SupportedFeatures = slices.Clone(ours.SupportedFeatures)
	return ours
}

// MergeGateway merges the status of a Gateway of ours. Listeners that the Gateway
// no longer has are removed; those that stay keep foreign conditions.
func MergeGateway(existing, ours gwv1.GatewayStatus, now metav1.Time) gwv1.GatewayStatus {
	merged := *ours.DeepCopy()
	merged.Conditions = Conditions(existing.Conditions, ours.Conditions, gatewayConditions, now)
	for i := range merged.Listeners {
		l := &merged.Listeners[i]
		l.Conditions = Conditions(listenerConditionsOf(existing, l.Name), l.Conditions, listenerConditions, now)
	}
	return merged
}

func listenerConditionsOf(s gwv1.GatewayStatus, name gwv1.SectionName) []metav1.Condition {
	for _, l := range s.Listeners {
		if l.Name == name {
			return l.Conditions
		}
	}
	return nil
}

// MergeListenerSet merges the status of a ListenerSet of a Gateway of ours, as
// MergeGateway does.
func MergeListenerSet(existing, ours gwv1.ListenerSetStatus, now metav1.Time) gwv1.ListenerSetStatus {
	merged := *ours.DeepCopy()
	merged.Conditions = Conditions(existing.Conditions, ours.Conditions, setConditions, now)
	for i := range merged.Listeners {
		l := &merged.Listeners[i]
		l.Conditions = Conditions(entryConditionsOf(existing, l.Name), l.Conditions, listenerConditions, now)
	}
	return merged
}

func entryConditionsOf(s gwv1.ListenerSetStatus, name gwv1.SectionName) []metav1.Condition {
	for _, l := range s.Listeners {
		if l.Name == name {
			return l.Conditions
		}
	}
	return nil
}

// MergeFilter merges the status of a StaticResponseFilter or AccessControlFilter.
func MergeFilter(existing, ours v1alpha1.FilterStatus, now metav1.Time) v1alpha1.FilterStatus {
	ours.Conditions = Conditions(existing.Conditions, ours.Conditions, filterConditions, now)
	return ours
}
