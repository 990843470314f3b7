// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

const day = 24 * time.Hour

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// living is a certificate that is valid for a time from the epoch on.
func living(name string, life time.Duration) *gatewayapi.Certificate {
	return &gatewayapi.Certificate{
		Secret: types.NamespacedName{Namespace: "a", Name: name}, NotBefore: epoch, NotAfter: epoch.Add(life),
	}
}

func TestNoticeOfExpiry(t *testing.T) {
	for _, tc := range []struct{ life, notice time.Duration }{
		{365 * day, 14 * day}, {90 * day, 14 * day}, {60 * day, 10 * day}, {6 * day, day}, {24 * time.Hour, 4 * time.Hour},
	} {
		if got := epoch.Add(tc.life).Sub(noticeFrom(living("c", tc.life))); got != tc.notice {
			t.Errorf("of one that lives for %v it is %v, want %v", tc.life, got, tc.notice)
		}
	}
}

// A certificate through its life: when Events are raised, and when it is looked at again.
func TestExpiry(t *testing.T) {
	listeners := []*gatewayapi.Listener{
		{Name: "http"},
		{Name: "https", Certificates: []*gatewayapi.Certificate{living("old", 60*day), living("new", 600*day)}},
		{Name: "other", Certificates: []*gatewayapi.Certificate{living("old", 60*day)}},
	}
	const (
		expiring = "Warning CertificateExpiring The certificate of listener https, in Secret a/old, " +
			"expires at 2026-03-02T00:00:00Z: see that it is renewed"
		expired = "Warning CertificateExpired The certificate of listener https, in Secret a/old, " +
			"has expired at 2026-03-02T00:00:00Z: renew it"
	)
	told := expiries{}
	for _, step := range []struct {
		at   time.Duration
		want []string
		next time.Duration
	}{
		{0, nil, 50 * day},
		{40 * day, nil, 10 * day},
		{50 * day, []string{expiring}, day},
		{50*day + time.Hour, nil, 23 * time.Hour},
		{51 * day, []string{expiring}, day},
		{59*day + 12*time.Hour, []string{expiring}, 12 * time.Hour},
		{60 * day, []string{expired}, day},
		{60*day + time.Hour, nil, 23 * time.Hour},
		{61 * day, []string{expired}, day},
	} {
		var next time.Duration
		got := recorded(t, func(recorder events.EventRecorder) {
			next = told.announce(recorder, testGateway("1"), listeners, epoch.Add(step.at))
		})
		if diff := cmp.Diff(step.want, got); diff != "" || next != step.next {
			t.Errorf("after %v: next look after %v, want %v; Events (-want +got):\n%s", step.at, next, step.next, diff)
		}
	}

	// One that was renewed is spoken of when its own time has come, and not before.
	listeners = []*gatewayapi.Listener{{Name: "https", Certificates: []*gatewayapi.Certificate{living("old", 120*day)}}}
	renewed := func(at time.Duration) []string {
		return recorded(t, func(recorder events.EventRecorder) {
			told.announce(recorder, testGateway("1"), listeners, epoch.Add(at))
		})
	}
	if got := renewed(62 * day); got != nil || len(told) != 0 {
		t.Errorf("after the renewal: %v, %v", got, told)
	}
	if got := renewed(106 * day); len(got) != 1 {
		t.Errorf("when the new one is about to expire: %v", got)
	}
	// One that expires right after another was spoken of, in the same Secret.
	listeners[0].Certificates[0] = living("old", 108*day)
	if got := renewed(106*day + time.Hour); len(got) != 1 {
		t.Errorf("of another certificate in the Secret: %v", got)
	}
	if next := told.announce(nil, nil, nil, epoch); next != 0 || len(told) != 0 {
		t.Errorf("without certificates: %v, %v", next, told)
	}
}
