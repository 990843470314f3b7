// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func mustAuthority(t *testing.T, now time.Time) *Authority {
	t.Helper()
	a, err := NewAuthority(now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAuthorityRoundTrip(t *testing.T) {
	settled := mustAuthority(t, epoch)
	introduced, _, err := settled.Advance(Observation{Now: epoch, Rotate: true})
	if err != nil {
		t.Fatal(err)
	}
	distributed, _, _ := introduced.Advance(Observation{Now: epoch, Distributed: true, Settle: time.Minute})
	promoted, _, _ := distributed.Advance(Observation{Now: epoch.Add(time.Minute), Distributed: true, Settle: time.Minute})

	for _, tc := range []struct {
		phase Phase
		in    *Authority
		certs int
	}{
		{Settled, settled, 1}, {Introduced, introduced, 2}, {Introduced, distributed, 2}, {Promoted, promoted, 2},
	} {
		data, err := tc.in.Data()
		if err != nil {
			t.Fatal(err)
		}
		out, err := ParseAuthority(data, epoch)
		if err != nil {
			t.Fatalf("%s: %v", tc.phase, err)
		}
		if out.Phase() != tc.phase {
			t.Errorf("phase %s after a round trip, want %s", out.Phase(), tc.phase)
		}
		if !bytes.Equal(out.Bundle(), tc.in.Bundle()) {
			t.Errorf("%s: the bundle changed in a round trip", tc.phase)
		}
		if n := bytes.Count(out.Bundle(), []byte("BEGIN CERTIFICATE")); n != tc.certs {
			t.Errorf("%s: %d certificates are trusted, want %d", tc.phase, n, tc.certs)
		}
		if !out.distributed.Equal(tc.in.distributed) {
			t.Errorf("%s: distributed %v after a round trip, want %v", tc.phase, out.distributed, tc.in.distributed)
		}
		again, err := out.Data()
		if err != nil {
			t.Fatal(err)
		}
		if !maps.EqualFunc(again, data, bytes.Equal) {
			t.Errorf("%s: the data changed in a round trip", tc.phase)
		}
	}
}

func TestParseAuthorityRefusesDamage(t *testing.T) {
	good, err := mustAuthority(t, epoch).Data()
	if err != nil {
		t.Fatal(err)
	}
	other, _ := mustAuthority(t, epoch).Data()
	server, err := mustAuthority(t, epoch).IssueServer("a.b", epoch)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(map[string][]byte)
		now    time.Time
		want   string
	}{
		"empty":              {func(d map[string][]byte) { clear(d) }, epoch, "tls.crt"},
		"no key":             {func(d map[string][]byte) { delete(d, KeyPrivateKey) }, epoch, "key"},
		"certificate is not": {func(d map[string][]byte) { d[KeyCertificate] = []byte("secret-looking") }, epoch, "PEM"},
		"foreign key":        {func(d map[string][]byte) { d[KeyPrivateKey] = other[KeyPrivateKey] }, epoch, "does not belong"},
		"not an authority": {func(d map[string][]byte) {
			d[KeyCertificate], d[KeyPrivateKey] = server[KeyCertificate], server[KeyPrivateKey]
		}, epoch, "authority"},
		"expired":          {func(map[string][]byte) {}, epoch.Add(AuthorityLifetime + time.Second), "expired"},
		"next without key": {func(d map[string][]byte) { d[KeyNextCert] = other[KeyCertificate] }, epoch, "next.crt"},
		"previous broken":  {func(d map[string][]byte) { d[KeyPreviousCert] = []byte("x") }, epoch, "previous.crt"},
		"time broken":      {func(d map[string][]byte) { d[KeyDistributed] = []byte("yesterday") }, epoch, "distributed-at"},
	} {
		t.Run(name, func(t *testing.T) {
			data := maps.Clone(good)
			tc.change(data)
			_, err := ParseAuthority(data, tc.now)
			if err == nil {
				t.Fatal("damaged data were taken")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %q does not say %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "secret-looking") {
				t.Errorf("error %q quotes the Secret", err)
			}
		})
	}
}

func FuzzParseAuthority(f *testing.F) {
	a, err := NewAuthority(epoch)
	if err != nil {
		f.Fatal(err)
	}
	data, err := a.Data()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[KeyCertificate], data[KeyPrivateKey], []byte(nil), []byte(nil), []byte(nil))
	f.Add(data[KeyCertificate], data[KeyPrivateKey], data[KeyCertificate], data[KeyPrivateKey], []byte("2026-03-01T12:00:00Z"))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), []byte{}, []byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, cert, key, next, nextKey, at []byte) {
		a, err := ParseAuthority(map[string][]byte{
			KeyCertificate: cert, KeyPrivateKey: key, KeyNextCert: next, KeyNextKey: nextKey, KeyDistributed: at,
		}, epoch)
		if err != nil {
			return
		}
		if _, err := a.IssueClient(epoch); err != nil {
			t.Errorf("an authority that was taken can't issue: %v", err)
		}
	})
}
