// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// CAKey is the key of a ConfigMap that the API wants CA certificates under.
const CAKey = "ca.crt"

// parsedBundle is what a ConfigMap holds, read once for each translation.
type parsedBundle struct {
	bundle *CABundle
	err    error
}

// caReasons are the reasons of a reference to CA certificates that is not valid;
// each kind of object has names of its own for them.
type caReasons struct{ ref, kind string }

// caBundle resolves a reference to CA certificates: first whether it is permitted,
// then its kind, whether it exists, and whether it can be used. The second result
// names the ConfigMap that decides, whether it exists or not; it has no name where
// none does.
func (t *translation) caBundle(from referrer, to referent, reasons caReasons) (*CABundle, types.NamespacedName, *problem) {
	if !t.permitted(from, to) {
		return nil, types.NamespacedName{}, notPermitted(from, to)
	}
	if to.group != "" || to.kind != "ConfigMap" {
		return nil, types.NamespacedName{}, problemf(reasons.kind, "%s is not supported: use a ConfigMap with the key %s", to, CAKey)
	}
	configMap := t.index.ConfigMap(to.name)
	if configMap == nil {
		return nil, to.name, problemf(reasons.ref, "%s does not exist", to)
	}
	parsed := t.parseBundle(to.name, configMap)
	if parsed.err != nil {
		return nil, to.name, problemf(reasons.ref, "%s: %v", to, parsed.err)
	}
	return parsed.bundle, to.name, nil
}

func (t *translation) parseBundle(name types.NamespacedName, configMap *corev1.ConfigMap) *parsedBundle {
	if parsed := t.bundles[name]; parsed != nil {
		return parsed
	}
	parsed := &parsedBundle{}
	parsed.bundle, parsed.err = readBundle(name, configMap)
	t.bundles[name] = parsed
	return parsed
}

func readBundle(name types.NamespacedName, configMap *corev1.ConfigMap) (*CABundle, error) {
	certificates := configMap.Data[CAKey]
	if certificates == "" {
		return nil, fmt.Errorf("it has no %s", CAKey)
	}
	if _, err := (&config.CABundle{Certificates: certificates}).Parse(); err != nil {
		return nil, fmt.Errorf("%s: %w", CAKey, err)
	}
	return &CABundle{ConfigMap: name, Certificates: certificates}, nil
}

// objectReferent applies the defaults of ObjectReference.
func objectReferent(namespace string, ref gwv1.ObjectReference) referent {
	to := referent{
		group: string(ref.Group), kind: string(ref.Kind),
		name: types.NamespacedName{Namespace: namespace, Name: string(ref.Name)},
	}
	if ref.Namespace != nil {
		to.name.Namespace = string(*ref.Namespace)
	}
	return to
}
