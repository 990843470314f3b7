// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/goleak"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestMain(m *testing.M) {
	caddy.RegisterModule(otherApp{})
	goleak.VerifyTestMain(m)
}

// failStart makes otherApp fail to start.
var failStart atomic.Bool

// otherApp is an app beside ours.
type otherApp struct{}

func (otherApp) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "other", New: func() caddy.Module { return new(otherApp) }}
}

func (otherApp) Start() error {
	if failStart.Load() {
		return errors.New("the other app fails")
	}
	return nil
}

func (otherApp) Stop() error { return nil }

// serving answers with text on the addresses.
func serving(text string, addresses ...string) *config.Config {
	cfg := &config.Config{Gateways: []config.Gateway{{ID: "test/gw"}}}
	route := config.Route{ID: "HTTPRoute/test/r", Rules: []config.Rule{{Filters: []config.Filter{
		{StaticResponse: &config.StaticResponse{Status: http.StatusOK, Body: []byte(text)}},
	}}}}
	for i, address := range addresses {
		id := fmt.Sprintf("test/gw/l%d", i)
		cfg.Listeners = append(cfg.Listeners, config.Listener{
			ID: id, Gateway: "test/gw", Protocol: config.HTTP, Port: 80, Address: address,
		})
		route.Attachments = append(route.Attachments, config.Attachment{Listener: id})
	}
	cfg.Routes = []config.Route{route}
	return cfg
}

// boot is the Caddy JSON for an app, with otherApp beside it.
func boot(t testing.TB, app App) []byte {
	t.Helper()
	data, err := BootConfig(BootOptions{App: app})
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.Replace(string(data), `"apps":{`, `"apps":{"other":{},`, 1))
}

func load(t testing.TB, app App) {
	t.Helper()
	if err := caddy.Load(boot(t, app), true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func newClient(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// get returns status and body, or the error as body.
func get(t testing.TB, address string) (int, string) {
	t.Helper()
	res, err := newClient(t).Get("http://" + address)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(body)
}

func wantBody(t testing.TB, address, want string) {
	t.Helper()
	if status, got := get(t, address); status != http.StatusOK || got != want {
		t.Errorf("%s answered %d %q, want %q", address, status, got, want)
	}
}

func accepts(address string) bool {
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	return err == nil
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestAppServesItsConfigAndNothingOfCaddy(t *testing.T) {
	address := loopback.FreeAddress(t)
	load(t, App{Config: serving("hello", address)})
	res, err := newClient(t).Get("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != "hello" {
		t.Errorf("got %q, %v", body, err)
	}
	if got := res.Header.Values("Server"); len(got) > 0 {
		t.Errorf("Server: %v", got)
	}
	if got := res.Header.Values("Alt-Svc"); len(got) > 0 {
		t.Errorf("Alt-Svc: %v", got)
	}
	// Caddy's http app would answer an unknown path with an empty 200, and
	// Caddy's admin endpoint would be on its port.
	if rt, ok := Running(); !ok || len(rt.Config().Listeners) != 1 {
		t.Errorf("running %v", ok)
	}
}

func TestReloadAppliesTheDifference(t *testing.T) {
	first, second := loopback.FreeAddress(t), loopback.FreeAddress(t)
	load(t, App{Config: serving("1", first)})
	rt, _ := Running()
	load(t, App{Config: serving("2", first, second)})
	if again, _ := Running(); again != rt {
		t.Error("the Runtime did not survive the reload")
	}
	wantBody(t, first, "2")
	wantBody(t, second, "2")
	load(t, App{Config: serving("3", second)})
	wantBody(t, second, "3")
	eventually(t, "the removed listener is closed", func() bool { return !accepts(first) })
}

func TestReloadWithoutConfigKeepsWhatRuns(t *testing.T) {
	address := loopback.FreeAddress(t)
	load(t, App{Config: serving("1", address)})
	rt, _ := Running()
	pushed := serving("pushed", address)
	if err := rt.Apply(t.Context(), pushed); err != nil {
		t.Fatal(err)
	}
	load(t, App{})
	wantBody(t, address, "pushed")
}

func TestFailedReloadChangesNothing(t *testing.T) {
	kept, fresh := loopback.FreeAddress(t), loopback.FreeAddress(t)
	statusBefore, statusAfter := loopback.FreeAddress(t), loopback.FreeAddress(t)
	before := App{Config: serving("before", kept), Status: &Status{Listen: statusBefore}}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	load(t, before)
	rt, _ := Running()
	status := rt.Status()

	refused := serving("after", kept, fresh)
	refused.Routes[0].Attachments[0].Listener = "none"
	for name, tc := range map[string]struct {
		app   App
		other bool // the other app fails
		want  string
	}{
		"another app fails":  {App{Config: serving("after", kept, fresh), Status: &Status{Listen: statusAfter}}, true, "the other app fails"},
		"refused":            {App{Config: refused, Status: &Status{Listen: statusAfter}}, false, "none"},
		"taken listener":     {App{Config: serving("after", kept, fresh, taken.Addr().String()), Status: &Status{Listen: statusAfter}}, false, "test/gw/l2"},
		"taken status port":  {App{Config: serving("after", kept, fresh), Status: &Status{Listen: taken.Addr().String()}}, false, "status port"},
		"state file changed": {App{StateFile: "/elsewhere"}, false, "state_file"},
		"bind host changed":  {App{BindHost: "127.0.0.2"}, false, "bind_host"},
		"store changed":      {App{FDStore: "/elsewhere"}, false, "fdstore"},
		"bad listen":         {App{Status: &Status{Listen: "nowhere"}}, false, "status: listen"},
		"no directory":       {App{Control: &Control{}}, false, "directory"},
	} {
		t.Run(name, func(t *testing.T) {
			failStart.Store(tc.other)
			defer failStart.Store(false)
			// Caddy starts apps in random order: ours must revert both when it
			// was started already and when it was not.
			for range 6 {
				err := caddy.Load(boot(t, tc.app), true)
				if err == nil {
					t.Fatal("the load succeeded")
				}
				if !strings.Contains(err.Error(), tc.want) {
					t.Errorf("the error is %v, want one about %q", err, tc.want)
				}
				wantBody(t, kept, "before")
				wantBody(t, statusBefore+"/readyz", "ok\n")
				if got := rt.Status(); got != status {
					t.Errorf("status %+v, want %+v", got, status)
				}
				if accepts(statusAfter) {
					t.Error("the status port of the failed configuration is open")
				}
				eventually(t, "the listener of the failed configuration is closed", func() bool { return !accepts(fresh) })
			}
		})
	}
	// And a good one still works.
	load(t, App{Config: serving("after", kept), Status: &Status{Listen: statusAfter}})
	wantBody(t, kept, "after")
	eventually(t, "the old status port is closed", func() bool { return !accepts(statusBefore) })
	wantBody(t, statusAfter+"/readyz", "ok\n")
}

func TestStopEndsEverything(t *testing.T) {
	address, status := loopback.FreeAddress(t), loopback.FreeAddress(t)
	load(t, App{Config: serving("1", address), Status: &Status{Listen: status}, FDStore: filepath.Join(t.TempDir(), "none")})
	wantBody(t, address, "1")
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, ok := Running(); ok {
		t.Error("still running")
	}
	if accepts(address) || accepts(status) {
		t.Error("a port is open")
	}
	// The same process can start anew.
	load(t, App{Config: serving("2", address)})
	wantBody(t, address, "2")
}

func TestStatusPort(t *testing.T) {
	address, status := loopback.FreeAddress(t), loopback.FreeAddress(t)
	load(t, App{Status: &Status{Listen: status}})
	if code, body := get(t, status+"/readyz"); code != http.StatusServiceUnavailable || body != "not ready: no configuration\n" {
		t.Errorf("before a configuration /readyz is %d %q", code, body)
	}
	wantBody(t, status+"/healthz", "ok\n")
	rt, _ := Running()
	if err := rt.Apply(t.Context(), serving("1", address)); err != nil {
		t.Fatal(err)
	}
	wantBody(t, status+"/readyz", "ok\n")
	wantBody(t, address, "1")
	_, body := get(t, status+"/metrics")
	for _, want := range []string{"go_goroutines", "process_", `gateway="test/gw"`, "kubera_proxy_build_info{", "kubera_proxy_connections{"} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics has no %s: %s", want, body)
		}
	}
}
