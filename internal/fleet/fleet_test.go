// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/pki"
)

const (
	testGateway    = "default/web"
	testServerName = "web.default.proxy.kubera.dev"
)

// bench is a Fleet with an identity.
type bench struct {
	*Fleet
	identity *pki.Identity
	changes  atomic.Int64
	log      *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newBench(t *testing.T) *bench {
	t.Helper()
	a, err := pki.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{identity: &pki.Identity{}, log: &lockedBuffer{}}
	b.identity.Set(a)
	b.Fleet = New(Options{
		Credentials: b.identity.ClientConfig,
		Changed:     func(string) { b.changes.Add(1) },
		Log:         slog.New(slog.NewTextHandler(b.log, nil)),
		Timeout:     5 * time.Second, CheckInterval: 20 * time.Millisecond,
		MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond,
	})
	t.Cleanup(b.Close)
	return b
}

// testConfig has n routes to one backend with the endpoints.
func testConfig(n int, endpoints ...string) *config.Config {
	c := &config.Config{
		Gateways:  []config.Gateway{{ID: testGateway}},
		Listeners: []config.Listener{{ID: testGateway + "/http", Gateway: testGateway, Protocol: config.HTTP, Port: 80}},
		Backends:  []config.Backend{{ID: "Service/default/echo/80"}},
	}
	for _, e := range endpoints {
		c.Backends[0].Endpoints = append(c.Backends[0].Endpoints, config.Endpoint{Address: e})
	}
	for i := range n {
		c.Routes = append(c.Routes, config.Route{
			ID:          fmt.Sprintf("HTTPRoute/default/r%03d", i),
			Attachments: []config.Attachment{{Listener: testGateway + "/http"}},
			Rules:       []config.Rule{{Backends: []config.WeightedBackend{{Backend: "Service/default/echo/80", Weight: 1}}}},
		})
	}
	config.Seal(c)
	return c
}

func pod(name string, p *proxy) Pod { return Pod{Name: name, Address: p.ln.Addr().String()} }

func runsExactly(p *proxy, c *config.Config) func() bool {
	return func() bool { return cmp.Equal(p.runs(), c) }
}

func TestSmallestMessage(t *testing.T) {
	b := newBench(t)
	p := startProxy(t, b.identity.Authority(), "")
	first := testConfig(1, "10.0.0.1:80")
	b.Update(testGateway, first, 1)
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})
	eventually(t, "the first configuration arrives", runsExactly(p, first))

	second := testConfig(2, "10.0.0.1:80")
	b.Update(testGateway, second, 1)
	eventually(t, "the second arrives", runsExactly(p, second))

	if !b.UpdateEndpoints(testGateway, []config.BackendEndpoints{{ID: "Service/default/echo/80", Endpoints: []config.Endpoint{{Address: "10.0.0.2:80"}}}}) {
		t.Fatal("new endpoints were said to be the old ones")
	}
	moved := testConfig(2, "10.0.0.2:80")
	eventually(t, "the endpoints arrive", runsExactly(p, moved))
	if moved.Version != second.Version {
		t.Error("endpoints changed the version")
	}
	b.Update(testGateway, moved, 1)
	if b.UpdateEndpoints(testGateway, []config.BackendEndpoints{{ID: "Service/default/none/80"}}) {
		t.Error("endpoints of a backend that is not there were taken")
	}
	want := "PUT /gateway/config, PATCH /gateway/config, PATCH /gateway/endpoints"
	if got := p.log(); got != want {
		t.Errorf("pushes: %s\nwant:   %s", got, want)
	}
}

func TestRestartedProxyIsNoticed(t *testing.T) {
	b := newBench(t)
	p := startProxy(t, b.identity.Authority(), "")
	c := testConfig(3, "10.0.0.1:80")
	b.Update(testGateway, c, 1)
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})
	eventually(t, "the configuration arrives", runsExactly(p, c))
	address := p.ln.Addr().String()
	p.stop()
	fresh := startProxy(t, b.identity.Authority(), address)
	eventually(t, "it arrives again", runsExactly(fresh, c))
}

// TestNewControllerKeepsWhatRuns is a change of leader: a fleet that knows nothing
// finds proxies that run what is wanted, or an older configuration.
func TestNewControllerKeepsWhatRuns(t *testing.T) {
	b := newBench(t)
	c := testConfig(3, "10.0.0.1:80")
	same := startProxy(t, b.identity.Authority(), "")
	same.config = testConfig(3, "10.0.0.1:80")
	endpoints := startProxy(t, b.identity.Authority(), "")
	endpoints.config = testConfig(3, "10.0.0.9:80")
	older := startProxy(t, b.identity.Authority(), "")
	older.config = testConfig(2, "10.0.0.1:80")
	b.Update(testGateway, c, 7)
	b.SetPods(testGateway, testServerName, []Pod{pod("endpoints", endpoints), pod("older", older), pod("same", same)})
	eventually(t, "all pods are known to run it", func() bool {
		reports := b.Report(testGateway)
		for _, r := range reports {
			if r.Version != c.Version || r.Generation != 7 || r.Pending {
				return false
			}
		}
		return len(reports) == 3
	})
	for name, tc := range map[string]struct {
		p    *proxy
		want string
	}{
		"same": {same, ""}, "endpoints": {endpoints, "PATCH /gateway/endpoints"}, "older": {older, "PUT /gateway/config"},
	} {
		if got := tc.p.log(); got != tc.want {
			t.Errorf("%s: pushes %q, want %q", name, got, tc.want)
		}
		if !cmp.Equal(tc.p.runs(), c) {
			t.Errorf("%s runs something else", name)
		}
	}
}

// TestRefusal has one proxy that takes a configuration and one that refuses it.
// The latter serves on, its endpoints follow, and it is heard.
func TestRefusal(t *testing.T) {
	b := newBench(t)
	good, bad := startProxy(t, b.identity.Authority(), ""), startProxy(t, b.identity.Authority(), "")
	refusal := config.Refusal{Object: "HTTPRoute/default/r001", Field: "rules[0]", Message: "too much"}
	bad.setRefuse(func(c *config.Config) *config.Refusal {
		if len(c.Routes) == 2 {
			return &refusal
		}
		return nil
	})
	first := testConfig(1, "10.0.0.1:80")
	b.Update(testGateway, first, 1)
	b.SetPods(testGateway, testServerName, []Pod{pod("bad", bad), pod("good", good)})
	eventually(t, "both run the first", func() bool { return runsExactly(good, first)() && runsExactly(bad, first)() })

	second := testConfig(2, "10.0.0.1:80")
	b.Update(testGateway, second, 2)
	eventually(t, "the refusal is reported", func() bool {
		r := b.Report(testGateway)
		return r[0].Refusal != nil && *r[0].Refusal == refusal && r[0].Version == first.Version && r[0].Generation == 1 &&
			r[1].Refusal == nil && r[1].Version == second.Version && r[1].Generation == 2
	})

	b.UpdateEndpoints(testGateway, []config.BackendEndpoints{{ID: "Service/default/echo/80", Endpoints: []config.Endpoint{{Address: "10.0.0.5:80"}}}})
	eventually(t, "endpoints follow under both configurations", func() bool {
		return runsExactly(bad, testConfig(1, "10.0.0.5:80"))() && runsExactly(good, testConfig(2, "10.0.0.5:80"))()
	})
	if r := b.Report(testGateway)[0]; r.Refusal == nil {
		t.Error("the refusal was forgotten when endpoints changed")
	}

	third := testConfig(3, "10.0.0.5:80")
	b.Update(testGateway, third, 3)
	eventually(t, "both run the third", func() bool {
		r := b.Report(testGateway)
		return r[0].Refusal == nil && r[0].Version == third.Version && r[1].Version == third.Version
	})
}

// TestRefusalIsRetried: what is refused for a passing reason, such as a port in
// use, is taken later without anything changing.
func TestRefusalIsRetried(t *testing.T) {
	b := newBench(t)
	p := startProxy(t, b.identity.Authority(), "")
	p.setRefuse(func(*config.Config) *config.Refusal { return &config.Refusal{Message: "port 80 is in use"} })
	c := testConfig(1)
	b.Update(testGateway, c, 1)
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})
	eventually(t, "the refusal is reported", func() bool { return b.Report(testGateway)[0].Refusal != nil })
	p.setRefuse(nil)
	eventually(t, "it is taken", func() bool { return b.Report(testGateway)[0].Version == c.Version })
	if b.Report(testGateway)[0].Refusal != nil {
		t.Error("the refusal stays after the configuration was taken")
	}
}

func TestLatestWins(t *testing.T) {
	b := newBench(t)
	p := startProxy(t, b.identity.Authority(), "")
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})
	var last *config.Config
	for i := range 200 {
		last = testConfig(i%50+1, fmt.Sprintf("10.0.0.%d:80", i))
		b.Update(testGateway, last, int64(i))
	}
	eventually(t, "the last arrives", runsExactly(p, last))
	if n := strings.Count(p.log(), "/gateway/config"); n >= 200 {
		t.Errorf("%d pushes for 200 configurations: old ones were queued", n)
	}
}

func TestUnreachableProxy(t *testing.T) {
	b := newBench(t)
	p := startProxy(t, b.identity.Authority(), "")
	address := p.ln.Addr().String()
	p.stop()
	c := testConfig(1)
	b.Update(testGateway, c, 1)
	b.SetPods(testGateway, testServerName, []Pod{{Name: "a", Address: address}})
	eventually(t, "the failure is reported", func() bool { r := b.Report(testGateway)[0]; return r.Failure != "" && !r.Pending })
	back := startProxy(t, b.identity.Authority(), address)
	eventually(t, "it is reached when it is back", runsExactly(back, c))
	eventually(t, "the failure is over", func() bool { return b.Report(testGateway)[0].Failure == "" })
}

func TestForget(t *testing.T) {
	b := newBench(t)
	p := startProxy(t, b.identity.Authority(), "")
	c := testConfig(1)
	b.Update(testGateway, c, 1)
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})
	eventually(t, "the configuration arrives", runsExactly(p, c))
	b.Forget(testGateway)
	if b.Report(testGateway) != nil {
		t.Error("a forgotten Gateway is reported on")
	}
	if b.UpdateEndpoints(testGateway, []config.BackendEndpoints{{ID: "Service/default/echo/80"}}) {
		t.Error("a forgotten Gateway takes endpoints")
	}
	b.Close()
	b.SetPods(testGateway, testServerName, []Pod{pod("a", p)})
	if len(b.Report(testGateway)) != 0 {
		t.Error("a closed fleet takes pods")
	}
}
