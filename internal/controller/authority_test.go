// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kubera-dev/kubera/internal/metrics"
	"github.com/kubera-dev/kubera/internal/pki"
)

// authorityBench is an authorityReconciler with one Gateway.
type authorityBench struct {
	*authorityReconciler
	now     time.Time
	changes int
	events  *events.FakeRecorder
	secrets *controlSecrets
}

func newAuthorityBench(objects ...client.Object) *authorityBench {
	c := fake.NewClientBuilder().WithScheme(NewScheme()).WithObjects(objects...).Build()
	b := &authorityBench{now: time.Now().Truncate(time.Second), events: events.NewFakeRecorder(10)}
	clock := func() time.Time { return b.now }
	b.authorityReconciler = &authorityReconciler{
		client: c, live: c, events: b.events, identity: &pki.Identity{Now: clock}, metrics: metrics.New("test"),
		secret: types.NamespacedName{Namespace: "kubera-system", Name: AuthoritySecret},
		settle: time.Minute, now: clock,
		gateways: func() []types.NamespacedName { return []types.NamespacedName{{Namespace: "default", Name: "web"}} },
		changed:  func() { b.changes++ },
	}
	b.secrets = &controlSecrets{applier: &applier{cached: c, live: c}, events: b.events, identity: b.identity, now: clock}
	return b
}

func (b *authorityBench) reconcile(t *testing.T) time.Duration {
	t.Helper()
	result, err := b.Reconcile(t.Context(), reconcile.Request{NamespacedName: b.secret})
	if err != nil {
		t.Fatal(err)
	}
	return result.RequeueAfter
}

func (b *authorityBench) stored(t *testing.T) *corev1.Secret {
	t.Helper()
	var s corev1.Secret
	if err := b.client.Get(t.Context(), b.secret, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

func TestAuthorityIsMadeAndKept(t *testing.T) {
	b := newAuthorityBench()
	b.reconcile(t)
	first := b.stored(t)
	if b.changes != 1 || b.identity.Authority() == nil {
		t.Fatalf("%d changes were announced, authority %v", b.changes, b.identity.Authority())
	}
	const expiry = "kubera_controller_authority_certificate_expiry_timestamp_seconds"
	if err := testutil.CollectAndCompare(b.metrics, strings.NewReader(fmt.Sprintf(
		"# HELP %[1]s When the certificate of the control channel's authority expires.\n# TYPE %[1]s gauge\n%[1]s %[2]d\n",
		expiry, b.identity.Authority().NotAfter().Unix())), expiry); err != nil {
		t.Error(err)
	}
	after := b.reconcile(t)
	if b.changes != 1 || b.stored(t).ResourceVersion != first.ResourceVersion {
		t.Error("it was made or announced again")
	}
	if want := pki.AuthorityLifetime / 2; after < want || after > pki.AuthorityLifetime {
		t.Errorf("the next look is in %v, want it to be when it is due", after)
	}

	// Another controller takes over: same authority, no new one.
	next := newAuthorityBench(b.stored(t))
	next.reconcile(t)
	if !next.identity.Authority().Equal(b.identity.Authority()) {
		t.Error("another controller does not use the authority that is there")
	}
}

func TestDamagedAuthorityIsMadeAnew(t *testing.T) {
	b := newAuthorityBench()
	b.reconcile(t)
	old := b.identity.Authority()
	s := b.stored(t)
	s.Data[pki.KeyPrivateKey] = []byte("something secret-looking")
	if err := b.client.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	b.reconcile(t)
	if b.identity.Authority().Equal(old) || b.changes != 2 {
		t.Error("the damaged authority is still in use")
	}
	if _, err := pki.ParseAuthority(b.stored(t).Data, b.now); err != nil {
		t.Error(err)
	}
	event := <-b.events.Events
	if !strings.Contains(event, "AuthorityDamaged") || strings.Contains(event, "secret-looking") {
		t.Errorf("event %q", event)
	}
}

func TestRotationWaitsForControlSecrets(t *testing.T) {
	b := newAuthorityBench()
	gateway := testGateway("1")
	b.reconcile(t)
	ensure := func() {
		t.Helper()
		if _, err := b.secrets.ensure(t.Context(), gateway, metadata{
			labels: map[string]string{"a": "b"}, annotations: map[string]string{"c": "d"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	ensure()
	old := b.identity.Authority()
	s := b.stored(t)
	s.Annotations = map[string]string{RotateAnnotation: "please"}
	if err := b.client.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}

	want := func(phase pki.Phase) {
		t.Helper()
		if got := b.identity.Authority().Phase(); got != phase {
			t.Fatalf("phase %s, want %s", got, phase)
		}
	}
	b.reconcile(t)
	want(pki.Introduced)
	if len(b.stored(t).Annotations) != 0 {
		t.Error("the request for a rotation stays and would start another")
	}
	for range 3 {
		b.now = b.now.Add(time.Hour)
		b.reconcile(t)
		want(pki.Introduced) // the Gateway's Secret has the old bundle
	}
	ensure()
	b.reconcile(t)
	b.reconcile(t)
	want(pki.Introduced) // the pods may not have read it
	b.now = b.now.Add(time.Minute)
	b.reconcile(t)
	want(pki.Promoted)
	ensure()
	b.reconcile(t)
	b.now = b.now.Add(time.Minute)
	b.reconcile(t)
	want(pki.Settled)
	if b.identity.Authority().Equal(old) {
		t.Error("the old authority is still in use")
	}
}

func TestControlSecret(t *testing.T) {
	b := newAuthorityBench()
	gateway := testGateway("1")
	read := func() *corev1.Secret {
		t.Helper()
		var s corev1.Secret
		if err := b.client.Get(t.Context(), controlSecretName(client.ObjectKeyFromObject(gateway)), &s); err != nil {
			t.Fatal(err)
		}
		return &s
	}
	if _, err := b.secrets.ensure(t.Context(), gateway, metadata{}); err != nil {
		t.Errorf("without an authority: %v", err)
	}
	b.reconcile(t)
	if after, err := b.secrets.renew(t.Context(), gateway); after != 0 || err != nil {
		t.Errorf("renewing what is not there: %v, %v", after, err)
	}
	after, err := b.secrets.ensure(t.Context(), gateway, metadata{
		labels: map[string]string{"a": "b"}, annotations: map[string]string{"c": "d"},
	})
	if err != nil || after <= 0 {
		t.Fatalf("%v, %v", after, err)
	}
	first := read()
	if first.Labels["a"] != "b" || first.Annotations["c"] != "d" || first.Type != corev1.SecretTypeTLS || !belongsTo(first, gateway) {
		t.Errorf("labels %v, annotations %v, type %s, owners %v", first.Labels, first.Annotations, first.Type, first.OwnerReferences)
	}
	if _, err := b.secrets.renew(t.Context(), gateway); err != nil || read().ResourceVersion != first.ResourceVersion {
		t.Errorf("a good Secret was written again, error %v", err)
	}
	b.now = b.now.Add(pki.ServerLifetime * 3 / 4)
	if _, err := b.secrets.renew(t.Context(), gateway); err != nil {
		t.Fatal(err)
	}
	renewed := read()
	if bytes.Equal(renewed.Data[pki.KeyCertificate], first.Data[pki.KeyCertificate]) {
		t.Error("the certificate was not renewed")
	}
	if renewed.Labels["a"] != "b" || renewed.Annotations["c"] != "d" {
		t.Errorf("renewing lost labels or annotations: %v, %v", renewed.Labels, renewed.Annotations)
	}
	if len(b.events.Events) != 0 {
		t.Errorf("an ordinary renewal raised the Event %q", <-b.events.Events)
	}
}
