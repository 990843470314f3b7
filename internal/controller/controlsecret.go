// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/pki"
)

// controlSecrets writes the Secrets by which proxies prove who they are.
type controlSecrets struct {
	applier  *applier
	events   events.EventRecorder
	identity *pki.Identity
	now      func() time.Time
}

// renew keeps the Secret of a Gateway good that has one and is not provisioned
// any further.
func (c *controlSecrets) renew(ctx context.Context, gateway *gwv1.Gateway) (time.Duration, error) {
	var present corev1.Secret
	err := c.applier.cached.Get(ctx, controlSecretName(client.ObjectKeyFromObject(gateway)), &present)
	if err != nil {
		return 0, client.IgnoreNotFound(err)
	}
	return c.ensure(ctx, gateway, metadataOf(&present))
}

// metadata is what all objects of a Gateway have in common: "Labels that SHOULD be
// applied to any resources created in response to this Gateway"
// (GatewayInfrastructure), and annotations.
type metadata struct{ labels, annotations map[string]string }

// metadataOf leaves out the annotations that applying adds.
func metadataOf(object client.Object) metadata {
	annotations := maps.Clone(object.GetAnnotations())
	delete(annotations, appliedAnnotation)
	delete(annotations, controllerAnnotation)
	return metadata{labels: object.GetLabels(), annotations: annotations}
}

// ensure makes the Secret of the Gateway's proxies good, and says after what time
// it has to be looked at again.
func (c *controlSecrets) ensure(ctx context.Context, gateway *gwv1.Gateway, common metadata) (time.Duration, error) {
	authority := c.identity.Authority()
	if authority == nil {
		// When there is one, every Gateway is looked at again.
		return 0, nil
	}
	key := controlSecretName(client.ObjectKeyFromObject(gateway))
	serverName := pki.ServerName(gateway.Namespace, gateway.Name)

	var present corev1.Secret
	err := c.applier.cached.Get(ctx, key, &present)
	if client.IgnoreNotFound(err) != nil {
		return 0, fmt.Errorf("get control Secret %s: %w", key, err)
	}
	exists := err == nil
	now := c.now()
	due, err := authority.CheckServer(present.Data, serverName, now)
	var data map[string][]byte
	switch {
	case err == nil:
		data = present.Data
	case errors.Is(err, pki.ErrNewTrust):
		data = authority.RefreshTrust(present.Data)
	default:
		if exists && errors.Is(err, pki.ErrDamaged) && belongsTo(&present, gateway) {
			c.events.Eventf(gateway, &present, corev1.EventTypeWarning, "ControlSecretDamaged", "Reissue",
				"Secret %s was changed by somebody else and is made anew: %v", key, err)
		}
		if data, err = authority.IssueServer(serverName, now); err != nil {
			return 0, fmt.Errorf("issue the certificate of Gateway %s/%s: %w", gateway.Namespace, gateway.Name, err)
		}
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: key.Name, Namespace: key.Namespace, Labels: common.labels, Annotations: common.annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(gateway, gatewayKind)},
		},
		Type: corev1.SecretTypeTLS,
		Data: data,
	}
	if err := c.applier.apply(ctx, gateway, secret); err != nil {
		return 0, err
	}
	if due.Before(now.Add(time.Second)) {
		// Issued just now: a look after an hour finds out when it is due.
		return time.Hour, nil
	}
	return due.Sub(now), nil
}
