// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/pki"
)

// TestRotationWhilePushing replaces every certificate while configurations change,
// the proxies being slow to read theirs.
func TestRotationWhilePushing(t *testing.T) {
	b := newBench(t)
	old := b.identity.Authority()
	p := startProxy(t, old, "")
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})

	n := 0
	push := func(phase pki.Phase) {
		n++
		c := testConfig(n)
		b.Update(testGateway, c, int64(n))
		eventually(t, "a push arrives while "+string(phase), runsExactly(p, c))
		// What comes next needs a new connection, with the credentials of now.
		p.mu.Lock()
		address := p.ln.Addr().String()
		p.mu.Unlock()
		b.SetPods(testGateway, testServerName, nil)
		b.SetPods(testGateway, testServerName, []Pod{{Name: "a", Address: address}})
	}
	now := time.Now()
	a := old
	for _, o := range []pki.Observation{
		{Now: now, Rotate: true},
		{Now: now, Distributed: true}, {Now: now, Distributed: true},
		{Now: now, Distributed: true}, {Now: now, Distributed: true},
	} {
		push(a.Phase())
		next, _, err := a.Advance(o)
		if err != nil {
			t.Fatal(err)
		}
		a = next
		b.identity.Set(a)
		push(a.Phase()) // the proxy has not read its Secret yet
		p.renew(a)
		push(a.Phase())
	}
	if a.Phase() != pki.Settled || a.Equal(old) {
		t.Fatalf("the rotation ended in %s", a.Phase())
	}
	if strings.Contains(b.log.String(), "tls:") {
		t.Errorf("a push failed for its certificates:\n%s", b.log.String())
	}
}

func TestForeignProxyIsNotConfigured(t *testing.T) {
	b := newBench(t)
	foreign, err := pki.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p := startProxy(t, foreign, "")
	c := testConfig(1)
	c.Certificates = []config.Certificate{{ID: "Secret/default/tls", Chain: "chain", Key: "very private"}}
	config.Seal(c)
	b.Update(testGateway, c, 1)
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})
	eventually(t, "the failure is reported", func() bool { return b.Report(testGateway)[0].Failure != "" })
	if got := p.log(); got != "" {
		t.Errorf("it got %s", got)
	}
	if strings.Contains(b.log.String(), "very private") {
		t.Error("a private key is in the log")
	}
}

func TestNoCredentials(t *testing.T) {
	b := newBench(t)
	p := startProxy(t, b.identity.Authority(), "")
	a := b.identity.Authority()
	b.identity.Set(nil)
	if _, err := b.identity.ClientConfig("x"); !errors.Is(err, pki.ErrNoAuthority) {
		t.Fatal(err)
	}
	c := testConfig(1)
	b.Update(testGateway, c, 1)
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})
	eventually(t, "the failure is reported", func() bool {
		return strings.Contains(b.Report(testGateway)[0].Failure, pki.ErrNoAuthority.Error())
	})
	b.identity.Set(a)
	eventually(t, "the configuration arrives", runsExactly(p, c))
}
