// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// namespaces are those that a listener takes routes from, or a Gateway takes
// ListenerSets from. With an err there are none.
type namespaces struct {
	from     gwv1.FromNamespaces
	own      string
	selector labels.Selector
	err      error
}

// newNamespaces reads allowedRoutes of a listener of an object in namespace own.
func newNamespaces(own string, allowed *gwv1.AllowedRoutes) namespaces {
	from := gwv1.NamespacesFromSame
	var selector *metav1.LabelSelector
	if allowed != nil && allowed.Namespaces != nil {
		if allowed.Namespaces.From != nil {
			from = *allowed.Namespaces.From
		}
		selector = allowed.Namespaces.Selector
	}
	return selectNamespaces(own, from, selector)
}

func selectNamespaces(own string, from gwv1.FromNamespaces, selector *metav1.LabelSelector) namespaces {
	n := namespaces{own: own, from: from}
	switch n.from {
	case gwv1.NamespacesFromAll, gwv1.NamespacesFromSame, gwv1.NamespacesFromNone:
	case gwv1.NamespacesFromSelector:
		if selector == nil {
			n.err = fmt.Errorf("selector must be set with from: Selector")
			break
		}
		n.selector, n.err = metav1.LabelSelectorAsSelector(selector)
	default:
		n.err = fmt.Errorf("from: %s is not supported: use All, Selector, Same or None", n.from)
	}
	return n
}

func (n namespaces) contains(namespace string, set labels.Set) bool {
	if n.err != nil {
		return false
	}
	switch n.from {
	case gwv1.NamespacesFromAll:
		return true
	case gwv1.NamespacesFromSame:
		return namespace == n.own
	case gwv1.NamespacesFromSelector:
		return n.selector.Matches(set)
	}
	return false
}

// namespaceLabels gives the labels of a namespace. One that is not in the
// snapshot has the label that every namespace has.
func (t *translation) namespaceLabels(name string) labels.Set {
	if ns := t.index.Namespace(name); ns != nil {
		if ns.Labels[corev1.LabelMetadataName] == name {
			return ns.Labels
		}
		return labels.Merge(ns.Labels, labels.Set{corev1.LabelMetadataName: name})
	}
	return labels.Set{corev1.LabelMetadataName: name}
}
