// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

const (
	// expiryNotice is how long before its end a certificate is spoken of, at most: one
	// that lives for less than twelve weeks, for the last sixth of its life.
	expiryNotice = 14 * 24 * time.Hour
	noticePart   = 6
	// expiryReminder is the time between two Events about one certificate.
	expiryReminder = 24 * time.Hour
)

// expiries are the certificates of one Gateway that were spoken of.
type expiries map[string]expiryNote

type expiryNote struct {
	// notAfter tells a new certificate from the one spoken of.
	notAfter time.Time
	expired  bool
	told     time.Time
}

// secretReference is what an Event is related to. Those about one Gateway that are of
// one kind and related to the same are counted as one.
func secretReference(name types.NamespacedName) *corev1.ObjectReference {
	return &corev1.ObjectReference{APIVersion: "v1", Kind: "Secret", Namespace: name.Namespace, Name: name.Name}
}

func (n expiryNote) reason() string {
	if n.expired {
		return "CertificateExpired"
	}
	return "CertificateExpiring"
}

func (n expiryNote) text() string {
	at := n.notAfter.UTC().Format(time.RFC3339)
	if n.expired {
		return "has expired at " + at + ": renew it"
	}
	return "expires at " + at + ": see that it is renewed"
}

// noticeFrom is when a certificate begins to be about to expire.
func noticeFrom(c *gatewayapi.Certificate) time.Time {
	return c.NotAfter.Add(-min(expiryNotice, c.NotAfter.Sub(c.NotBefore)/noticePart))
}

// announce raises Events on the Gateway about certificates of its listeners that expire
// soon or have expired, and says after what time to look again, 0 for never.
func (e expiries) announce(recorder events.EventRecorder, gateway *gwv1.Gateway, listeners []*gatewayapi.Listener, now time.Time) time.Duration {
	var next time.Time
	look := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	seen := map[string]bool{}
	for _, l := range listeners {
		for _, c := range l.Certificates {
			if seen[c.ID()] {
				continue
			}
			seen[c.ID()] = true
			from, expired := noticeFrom(c), !now.Before(c.NotAfter)
			if now.Before(from) {
				delete(e, c.ID())
				look(from)
				continue
			}
			note, known := e[c.ID()]
			if !known || !note.notAfter.Equal(c.NotAfter) || note.expired != expired || !now.Before(note.told.Add(expiryReminder)) {
				note = expiryNote{notAfter: c.NotAfter, expired: expired, told: now}
				e[c.ID()] = note
				recorder.Eventf(gateway, secretReference(c.Secret), corev1.EventTypeWarning, note.reason(), "Serve",
					"The certificate of listener %s, in Secret %s, %s", l.Name, c.Secret, note.text())
			}
			look(note.told.Add(expiryReminder))
			if !expired {
				look(c.NotAfter)
			}
		}
	}
	for id := range e {
		if !seen[id] {
			delete(e, id)
		}
	}
	if next.IsZero() {
		return 0
	}
	return next.Sub(now)
}
