// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"
)

// proxy is one proxy's side of the channel: the files that it has read, which lag
// behind its Secret.
type proxy struct{ secret, files map[string][]byte }

// shake does a TLS handshake between a controller and the proxy, with the clock at now.
func shake(t *testing.T, a *Authority, p *proxy, name string, now time.Time) error {
	t.Helper()
	clock := func() time.Time { return now }
	id := Identity{Now: clock}
	id.Set(a)
	client, err := id.ClientConfig(name)
	if err != nil {
		t.Fatal(err)
	}
	client.Time = clock
	cert, err := tls.X509KeyPair(p.files[KeyCertificate], p.files[KeyPrivateKey])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(p.files[KeyBundle])
	server := &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert, Time: clock, NextProtos: []string{"h2"},
	}
	left, right := net.Pipe()
	defer left.Close()
	defer right.Close()
	done := make(chan error, 1)
	go func() { done <- tls.Server(left, server).Handshake(); left.Close() }()
	return errors.Join(tls.Client(right, client).Handshake(), <-done)
}

// TestRotationNeverLosesTrust walks through a whole rotation. After each step
// both a proxy that has read its Secret and one that lags behind by the settle
// time must be reachable.
func TestRotationNeverLosesTrust(t *testing.T) {
	const name = "web.default.proxy.kubera.dev"
	const settle = 10 * time.Minute
	now := epoch
	a := mustAuthority(t, now)
	first := a.current.cert
	data, err := a.IssueServer(name, now)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{secret: data, files: data}
	readAt := now // when the proxy reads its Secret again

	var phases []Phase
	rotate := true
	for range 100 {
		if len(phases) == 0 || phases[len(phases)-1] != a.Phase() {
			phases = append(phases, a.Phase())
		}
		if len(phases) == 4 {
			break
		}
		_, check := a.CheckServer(p.secret, name, now)
		next, _, err := a.Advance(Observation{Now: now, Distributed: check == nil, Settle: settle, Rotate: rotate})
		if err != nil {
			t.Fatal(err)
		}
		rotate = false
		a = next
		if err := shake(t, a, p, name, now); err != nil {
			t.Fatalf("%s, %v in: %v", a.Phase(), now.Sub(epoch), err)
		}
		switch _, err := a.CheckServer(p.secret, name, now); {
		case errors.Is(err, ErrNewTrust):
			p.secret, readAt = a.RefreshTrust(p.secret), now.Add(settle-time.Second)
		case err != nil:
			if p.secret, err = a.IssueServer(name, now); err != nil {
				t.Fatal(err)
			}
			readAt = now.Add(settle - time.Second)
		}
		if err := shake(t, a, p, name, now); err != nil {
			t.Fatalf("%s with a lagging proxy, %v in: %v", a.Phase(), now.Sub(epoch), err)
		}
		now = now.Add(time.Minute)
		if !now.Before(readAt) {
			p.files = p.secret
		}
		if err := shake(t, a, p, name, now); err != nil {
			t.Fatalf("%s, %v in: %v", a.Phase(), now.Sub(epoch), err)
		}
	}
	want := []Phase{Settled, Introduced, Promoted, Settled}
	if len(phases) != len(want) {
		t.Fatalf("phases %v, want %v", phases, want)
	}
	for i := range want {
		if phases[i] != want[i] {
			t.Fatalf("phases %v, want %v", phases, want)
		}
	}
	if a.current.cert.Equal(first) {
		t.Error("the authority is the one from before")
	}
	if len(a.trusted()) != 1 {
		t.Errorf("%d authorities trusted at the end, want 1", len(a.trusted()))
	}
}

func TestAdvanceWaits(t *testing.T) {
	a := mustAuthority(t, epoch)
	if b, after, err := a.Advance(Observation{Now: epoch}); err != nil || b != a || after <= 0 {
		t.Errorf("a fresh authority advanced: changed %v, after %v, error %v", b != a, after, err)
	}
	due := RenewAt(a.current.cert)
	introduced, _, err := a.Advance(Observation{Now: due})
	if err != nil || introduced.Phase() != Introduced {
		t.Fatalf("two thirds into its life: %v, %v", introduced.Phase(), err)
	}
	if b, _, _ := introduced.Advance(Observation{Now: due.Add(time.Hour)}); b != introduced {
		t.Error("went on although the bundle had not reached the proxies")
	}
	stamped, after, _ := introduced.Advance(Observation{Now: due, Distributed: true, Settle: time.Minute})
	if stamped.Phase() != Introduced || after != time.Minute {
		t.Fatalf("distributed: %s, look again after %v; want to wait in Introduced for a minute", stamped.Phase(), after)
	}
	if b, _, _ := stamped.Advance(Observation{Now: due.Add(59 * time.Second), Distributed: true, Settle: time.Minute}); b != stamped {
		t.Error("promoted before the time to settle was over")
	}
	late, _, _ := stamped.Advance(Observation{Now: due.Add(2 * time.Minute), Settle: time.Minute})
	if late.Phase() != Introduced || !late.distributed.IsZero() {
		t.Error("a new proxy without the bundle must start the waiting anew")
	}
}
