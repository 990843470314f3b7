// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/x509"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"
)

func TestServerName(t *testing.T) {
	if got, want := ServerName("default", "web"), "web.default.proxy.kubera.dev"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	seen := map[string]string{}
	for _, gateway := range []string{strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("a.", 126) + "a", "a.b"} {
		name := ServerName("ns", gateway)
		if len(name) > 253 {
			t.Errorf("%q is %d characters long", name, len(name))
		}
		for label := range strings.SplitSeq(name, ".") {
			if len(label) > 63 || label == "" {
				t.Errorf("%q has the label %q", name, label)
			}
		}
		if other, ok := seen[name]; ok {
			t.Errorf("%q and %q share %q", other, gateway, name)
		}
		seen[name] = gateway
		if _, err := mustAuthority(t, epoch).IssueServer(name, epoch); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCheckServer(t *testing.T) {
	const name = "web.default.proxy.kubera.dev"
	a := mustAuthority(t, epoch)
	good, err := a.IssueServer(name, epoch)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := mustAuthority(t, epoch).IssueServer(name, epoch)
	if err != nil {
		t.Fatal(err)
	}
	introduced, _, err := a.Advance(Observation{Now: epoch, Rotate: true})
	if err != nil {
		t.Fatal(err)
	}
	for title, tc := range map[string]struct {
		authority *Authority
		name      string
		now       time.Time
		change    func(map[string][]byte)
		want      error
	}{
		"good":            {a, name, epoch, nil, nil},
		"empty":           {a, name, epoch, func(d map[string][]byte) { clear(d) }, ErrDamaged},
		"foreign key":     {a, name, epoch, func(d map[string][]byte) { d[KeyPrivateKey] = foreign[KeyPrivateKey] }, ErrDamaged},
		"other name":      {a, "api.default.proxy.kubera.dev", epoch, nil, ErrDamaged},
		"other authority": {a, name, epoch, func(d map[string][]byte) { maps.Copy(d, foreign) }, ErrReissue},
		"old":             {a, name, epoch.Add(ServerLifetime), nil, ErrRenewal},
		"new bundle":      {introduced, name, epoch, nil, ErrNewTrust},
	} {
		t.Run(title, func(t *testing.T) {
			data := maps.Clone(good)
			if tc.change != nil {
				tc.change(data)
			}
			again, err := tc.authority.CheckServer(data, tc.name, tc.now)
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if tc.want == nil && !again.After(tc.now) {
				t.Errorf("check again at %v, want later than now", again)
			}
		})
	}
	if _, err := introduced.CheckServer(introduced.RefreshTrust(good), name, epoch); err != nil {
		t.Errorf("after RefreshTrust: %v", err)
	}
}

func TestClientCertificate(t *testing.T) {
	now := epoch
	id := Identity{Now: func() time.Time { return now }}
	if _, err := id.ClientConfig("x"); !errors.Is(err, ErrNoAuthority) {
		t.Fatalf("without an authority: %v", err)
	}
	id.Set(mustAuthority(t, epoch))
	first, err := id.ClientConfig("x")
	if err != nil {
		t.Fatal(err)
	}
	leaf := first.Certificates[0].Leaf
	if len(leaf.URIs) != 1 || leaf.URIs[0].String() != ControllerURI {
		t.Errorf("URIs %v, want %s alone", leaf.URIs, ControllerURI)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{
		Roots: first.RootCAs, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}); err != nil {
		t.Error(err)
	}
	again, _ := id.ClientConfig("x")
	if !again.Certificates[0].Leaf.Equal(leaf) {
		t.Error("a new certificate for each connection")
	}
	now = now.Add(ClientLifetime * 2 / 3)
	renewed, _ := id.ClientConfig("x")
	if renewed.Certificates[0].Leaf.Equal(leaf) {
		t.Error("the certificate was not renewed after two thirds of its life")
	}
	id.Set(mustAuthority(t, epoch))
	other, _ := id.ClientConfig("x")
	if other.Certificates[0].Leaf.CheckSignatureFrom(id.Authority().current.cert) != nil {
		t.Error("a new authority did not issue a new certificate")
	}
}

func TestLeafNeverOutlivesAuthority(t *testing.T) {
	a := mustAuthority(t, epoch)
	late := epoch.Add(AuthorityLifetime - time.Hour)
	data, err := a.IssueServer("x.y", late)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := parseCertificate(data[KeyCertificate])
	if err != nil {
		t.Fatal(err)
	}
	if cert.NotAfter.After(a.current.cert.NotAfter) {
		t.Errorf("valid until %v, its authority only until %v", cert.NotAfter, a.current.cert.NotAfter)
	}
}
