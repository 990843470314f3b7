// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/contract"
)

// ofRevision1 makes the proxy one of the first revision.
func (p *proxy) ofRevision1() {
	p.t.Helper()
	knows, err := contract.Read("../../caddymodule/config/testdata/revision-1.txt")
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.knows = knows
}

// TestOldProxyIsKeptUpToDate goes through all kinds of pushes.
func TestOldProxyIsKeptUpToDate(t *testing.T) {
	b := newBench(t)
	p := startProxy(t, b.identity.Authority(), "")
	p.ofRevision1()
	first := testConfig(1, "10.0.0.1:80")
	b.Update(testGateway, first, 1)
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})
	eventually(t, "the first configuration arrives", runsExactly(p, first))
	b.Update(testGateway, testConfig(2, "10.0.0.1:80"), 2)
	eventually(t, "the second arrives", runsExactly(p, testConfig(2, "10.0.0.1:80")))
	b.UpdateEndpoints(testGateway, []config.BackendEndpoints{{ID: "Service/default/echo/80", Endpoints: []config.Endpoint{{Address: "10.0.0.2:80"}}}})
	eventually(t, "the endpoints arrive", runsExactly(p, testConfig(2, "10.0.0.2:80")))
	if want := "PUT /gateway/config, PATCH /gateway/config, PATCH /gateway/endpoints"; p.log() != want {
		t.Errorf("pushes: %s\nwant:   %s", p.log(), want)
	}
}

// withNewFields has what came after the first revision.
func withNewFields(c *config.Config) *config.Config {
	c.Gateways[0].AccessLog = &config.AccessLog{Format: config.LogCommon}
	config.Seal(c)
	return c
}

// TestOldAndNewProxy: each runs what it understands, and both run what is wanted. The
// old one is not sent the same again and again because it says that it runs something
// else, and gets all of it once it is new.
func TestOldAndNewProxy(t *testing.T) {
	b := newBench(t)
	older, current := startProxy(t, b.identity.Authority(), ""), startProxy(t, b.identity.Authority(), "")
	older.ofRevision1()
	c := withNewFields(testConfig(2, "10.0.0.1:80"))
	less, omissions := c.At(1)
	if len(omissions) == 0 {
		t.Fatal("nothing in the configuration is new")
	}
	b.Update(testGateway, c, 3)
	b.SetPods(testGateway, testServerName, []Pod{pod("current", current), pod("older", older)})
	eventually(t, "each runs its configuration", func() bool { return runsExactly(older, less)() && runsExactly(current, c)() })
	want := []PodReport{
		{Pod: "current", Version: c.Version, Generation: 3, Program: "v0.2.0"},
		{Pod: "older", Version: c.Version, Generation: 3, Omissions: omissions},
	}
	eventually(t, "both are known to run it", func() bool { return cmp.Equal(b.Report(testGateway), want) })

	changes := b.changes.Load()
	b.Update(testGateway, withNewFields(testConfig(2, "10.0.0.1:80")), 3) // which changes nothing
	asked := older.asked()
	eventually(t, "they were asked", func() bool { return older.asked() > asked+3 })
	if older.log() != "PUT /gateway/config" || b.changes.Load() != changes {
		t.Errorf("pushes: %s; %d reports changed", older.log(), b.changes.Load()-changes)
	}

	next := withNewFields(testConfig(3, "10.0.0.1:80"))
	nextLess, _ := next.At(1)
	b.Update(testGateway, next, 3)
	eventually(t, "a change arrives as a delta", func() bool { return runsExactly(older, nextLess)() && runsExactly(current, next)() })
	b.UpdateEndpoints(testGateway, []config.BackendEndpoints{{ID: "Service/default/echo/80", Endpoints: []config.Endpoint{{Address: "10.0.0.2:80"}}}})
	c = withNewFields(testConfig(3, "10.0.0.2:80"))
	less, _ = c.At(1)
	eventually(t, "endpoints arrive", func() bool { return runsExactly(older, less)() && runsExactly(current, c)() })
	if want := "PUT /gateway/config, PATCH /gateway/config, PATCH /gateway/endpoints"; older.log() != want {
		t.Errorf("pushes: %s\nwant:   %s", older.log(), want)
	}

	changes = b.changes.Load()
	older.mu.Lock()
	older.knows = nil
	older.mu.Unlock()
	eventually(t, "the rest arrives", runsExactly(older, c))
	eventually(t, "somebody is told", func() bool { return b.changes.Load() > changes })
	want = []PodReport{
		{Pod: "current", Version: c.Version, Generation: 3, Program: "v0.2.0"},
		{Pod: "older", Version: c.Version, Generation: 3, Program: "v0.2.0"},
	}
	eventually(t, "nothing is left out any more", func() bool { return cmp.Equal(b.Report(testGateway), want) })
}

// TestOldProxyRefuses: it serves on, with endpoints that follow, and what it runs is known
// for what it was made of, as that of others is.
func TestOldProxyRefuses(t *testing.T) {
	b := newBench(t)
	p := startProxy(t, b.identity.Authority(), "")
	p.ofRevision1()
	refusal := &config.Refusal{Message: "no"}
	p.setRefuse(func(c *config.Config) *config.Refusal {
		if len(c.Routes) == 2 {
			return refusal
		}
		return nil
	})
	first := withNewFields(testConfig(1, "10.0.0.1:80"))
	less, omissions := first.At(1)
	b.Update(testGateway, first, 1)
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})
	eventually(t, "it runs the first", runsExactly(p, less))
	b.Update(testGateway, withNewFields(testConfig(2, "10.0.0.1:80")), 2)
	want := []PodReport{{Pod: "a", Version: first.Version, Generation: 1, Omissions: omissions, Refusal: refusal}}
	eventually(t, "it refuses", func() bool { return cmp.Equal(b.Report(testGateway), want) })
	b.UpdateEndpoints(testGateway, []config.BackendEndpoints{{ID: "Service/default/echo/80", Endpoints: []config.Endpoint{{Address: "10.0.0.2:80"}}}})
	less, _ = withNewFields(testConfig(1, "10.0.0.2:80")).At(1)
	eventually(t, "endpoints arrive", runsExactly(p, less))
	eventually(t, "nothing else is said of it", func() bool { return cmp.Equal(b.Report(testGateway), want) })
}

func TestTargetIsMadeOncePerRevision(t *testing.T) {
	want := newTarget(testConfig(1), 1)
	if want.at(config.Revision) != want || want.at(config.Revision+1) != want {
		t.Error("a proxy of this revision, or of a later one, gets another configuration")
	}
	if first := want.at(1); want.at(1) != first {
		t.Error("made twice")
	}
}
