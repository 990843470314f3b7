// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// referrer is the kind and namespace that a reference comes from.
type referrer struct {
	group     string
	kind      string
	namespace string
}

// referent is the object that a reference names.
type referent struct {
	group string
	kind  string
	name  types.NamespacedName
}

func (r referent) String() string {
	kind := r.kind
	if r.group != "" {
		kind += "." + r.group
	}
	return kind + " " + r.name.String()
}

// permitted says whether a reference stays in its namespace or a ReferenceGrant
// in the namespace of the referent allows it.
func (t *translation) permitted(from referrer, to referent) bool {
	if from.namespace == to.name.Namespace {
		return true
	}
	for _, grant := range t.index.ReferenceGrants(to.name.Namespace) {
		if grantsFrom(grant, from) && grantsTo(grant, to) {
			return true
		}
	}
	return false
}

func grantsFrom(grant *gwv1.ReferenceGrant, from referrer) bool {
	for _, f := range grant.Spec.From {
		if string(f.Group) == from.group && string(f.Kind) == from.kind && string(f.Namespace) == from.namespace {
			return true
		}
	}
	return false
}

func grantsTo(grant *gwv1.ReferenceGrant, to referent) bool {
	for _, t := range grant.Spec.To {
		if string(t.Group) == to.group && string(t.Kind) == to.kind &&
			(t.Name == nil || *t.Name == "" || string(*t.Name) == to.name.Name) {
			return true
		}
	}
	return false
}

// notPermitted is the problem of a reference that no grant allows.
func notPermitted(from referrer, to referent) *problem {
	return problemf("RefNotPermitted", "%s is in another namespace and no ReferenceGrant in namespace %s allows %s of namespace %s to refer to it",
		to, to.name.Namespace, from.kind, from.namespace)
}
