// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/statefile"
	"github.com/kubera-dev/kubera/test/loopback"
)

func get(t testing.TB, address string) string {
	t.Helper()
	res, err := newClient(t).Get("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestApplyServes(t *testing.T) {
	address := loopback.FreeAddress(t)
	r := newRuntime(t, &fakeEngine{}, nil)
	if err := r.Ready(); err == nil || err.Error() != "no configuration" {
		t.Errorf("before the first configuration Ready is %v", err)
	}
	if r.Config() != nil || r.Status() != (config.Status{Revision: config.Revision, Program: "v1.2.3"}) {
		t.Errorf("before the first configuration: %v %v", r.Config(), r.Status())
	}
	cfg := listening("1", address)
	if err := r.Apply(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if got := get(t, address); got != "1" {
		t.Errorf("served %q", got)
	}
	if err := r.Ready(); err != nil {
		t.Errorf("not ready: %v", err)
	}
	want := config.Status{Version: "1", EndpointsVersion: config.EndpointsVersion(cfg), Revision: config.Revision, Program: "v1.2.3"}
	if got := r.Status(); got != want {
		t.Errorf("status %+v, want %+v", got, want)
	}
	if r.Addr(address).String() != address {
		t.Errorf("bound to %v", r.Addr(address))
	}
}

func TestApplySealsWhatHasNoVersion(t *testing.T) {
	r := newRuntime(t, &fakeEngine{}, nil)
	cfg := listening("", loopback.FreeAddress(t))
	if err := r.Apply(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if r.Status().Version == "" {
		t.Error("no version")
	}
	if cfg.Version != "" {
		t.Error("the caller's configuration was changed")
	}
}

func TestRefusedApplyChangesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address, fresh := loopback.FreeAddress(t), loopback.FreeAddress(t)
	dir := t.TempDir()
	engine := &fakeEngine{}
	state := filepath.Join(dir, "state.json")
	r := newRuntime(t, engine, func(o *Options) { o.StateFile = state })
	good := listening("good", address)
	if err := r.Apply(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tc := range map[string]struct {
		ctx     context.Context
		cfg     *config.Config
		compile error
		object  string
	}{
		"taken address": {cfg: listening("bad", address, fresh, taken.Addr().String()), object: "test/gw/l2"},
		"not compiled":  {cfg: listening("bad", fresh), compile: &config.Refusal{Object: "HTTPRoute/test/x", Message: "no"}, object: "HTTPRoute/test/x"},
		"not valid":     {cfg: &config.Config{Version: "bad", Listeners: []config.Listener{{ID: "test/gw/l0", Gateway: "none", Protocol: config.HTTP, Port: 80}}}, object: "test/gw/l0"},
		"log level":     {cfg: &config.Config{Version: "bad", LogLevel: "chatty"}},
		"sender gone":   {ctx: ended, cfg: listening("bad", fresh)},
	} {
		t.Run(name, func(t *testing.T) {
			engine.refuse = tc.compile
			defer func() { engine.refuse = nil }()
			ctx := tc.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			err := r.Apply(ctx, tc.cfg)
			var refusal *config.Refusal
			if tc.ctx == nil && (!errors.As(err, &refusal) || refusal.Object != tc.object) {
				t.Errorf("got %v, want a refusal of %q", err, tc.object)
			}
			if err == nil {
				t.Error("applied")
			}
			if r.Config() != good || engine.table.Load() != good {
				t.Error("the refused configuration is in use")
			}
			if got := get(t, address); got != "good" {
				t.Errorf("served %q", got)
			}
			if c, err := net.Dial("tcp", fresh); err == nil {
				c.Close()
				t.Error("a socket of the refused configuration is open")
			}
		})
	}
	r.Close()
	if cfg, err := statefile.Load(state); err != nil || cfg.Version != "good" {
		t.Errorf("kept %+v, %v", cfg, err)
	}
}

func TestApplyDelta(t *testing.T) {
	first, second := loopback.FreeAddress(t), loopback.FreeAddress(t)
	r := newRuntime(t, &fakeEngine{}, nil)
	one, two := listening("1", first), listening("2", first, second)
	delta := config.Diff(one, two)
	if err := r.ApplyDelta(t.Context(), delta); !errors.Is(err, ErrConflict) {
		t.Errorf("a delta on nothing: %v", err)
	}
	if err := r.Apply(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if err := r.ApplyDelta(t.Context(), delta); err != nil {
		t.Fatal(err)
	}
	if got := get(t, second); got != "2" {
		t.Errorf("served %q", got)
	}
	if err := r.ApplyDelta(t.Context(), delta); !errors.Is(err, ErrConflict) {
		t.Errorf("a delta with another base: %v", err)
	}
	if got := r.Status().Version; got != "2" {
		t.Errorf("version %s", got)
	}
}

func TestApplyEndpoints(t *testing.T) {
	engine := &fakeEngine{}
	r := newRuntime(t, engine, nil)
	update := &config.EndpointsUpdate{Base: "1", Backends: []config.BackendEndpoints{
		{ID: "Service/test/a/80", Endpoints: []config.Endpoint{{Address: "10.0.0.1:80"}}},
	}}
	if err := r.ApplyEndpoints(t.Context(), update); !errors.Is(err, ErrConflict) {
		t.Errorf("endpoints of nothing: %v", err)
	}
	if err := r.Apply(t.Context(), listening("1", loopback.FreeAddress(t))); err != nil {
		t.Fatal(err)
	}
	before := r.Status()
	if err := r.ApplyEndpoints(t.Context(), update); err != nil {
		t.Fatal(err)
	}
	if set := engine.set.Load(); set == nil || (*set)[0].Endpoints[0].Address != "10.0.0.1:80" {
		t.Errorf("the engine was told %v", set)
	}
	after := r.Status()
	if after.Version != "1" || after.EndpointsVersion == before.EndpointsVersion {
		t.Errorf("status %+v, before %+v", after, before)
	}
	if got := r.Config().Backends[0].Endpoints; len(got) != 1 {
		t.Errorf("the configuration has %v", got)
	}

	other := &config.EndpointsUpdate{Base: "0", Backends: update.Backends}
	if err := r.ApplyEndpoints(t.Context(), other); !errors.Is(err, ErrConflict) {
		t.Errorf("another base: %v", err)
	}
	unknown := &config.EndpointsUpdate{Base: "1", Backends: []config.BackendEndpoints{{ID: "Service/test/b/80"}}}
	if err := r.ApplyEndpoints(t.Context(), unknown); !errors.Is(err, ErrConflict) {
		t.Errorf("an unknown backend: %v", err)
	}
	if got := r.Status(); got != after {
		t.Errorf("a refused update changed the status to %+v", got)
	}
}

func TestLogLevelFollowsTheConfiguration(t *testing.T) {
	var level zapcore.Level
	r := newRuntime(t, &fakeEngine{}, func(o *Options) { o.SetLogLevel = func(l zapcore.Level) { level = l } })
	for text, want := range map[string]zapcore.Level{"debug": zapcore.DebugLevel, "": zapcore.InfoLevel, "error": zapcore.ErrorLevel} {
		cfg := listening("v" + text)
		cfg.LogLevel = text
		if err := r.Apply(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		if level != want {
			t.Errorf("%q: level %s", text, level)
		}
	}
}

func TestRestore(t *testing.T) {
	address := loopback.FreeAddress(t)
	state := filepath.Join(t.TempDir(), "state.json")
	withState := func(o *Options) { o.StateFile = state }

	first := newRuntime(t, &fakeEngine{}, withState)
	if err := first.Restore(t.Context()); err != nil {
		t.Fatalf("without a file: %v", err)
	}
	if err := first.Apply(t.Context(), listening("1", address)); err != nil {
		t.Fatal(err)
	}
	err := first.ApplyEndpoints(t.Context(), &config.EndpointsUpdate{Base: "1", Backends: []config.BackendEndpoints{
		{ID: "Service/test/a/80", Endpoints: []config.Endpoint{{Address: "10.0.0.1:80"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	status := first.Status()
	first.Close()

	second := newRuntime(t, &fakeEngine{}, withState)
	if err := second.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := second.Status(); got != status {
		t.Errorf("came back with %+v, want %+v", got, status)
	}
	if got := get(t, address); got != "1" {
		t.Errorf("served %q", got)
	}
	second.Close()

	for name, content := range map[string]string{"broken": "{", "invalid": `{"version":"x","log_level":"chatty"}`} {
		if err := os.WriteFile(state, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		r := newRuntime(t, &fakeEngine{}, withState)
		if err := r.Restore(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
		if r.Config() != nil {
			t.Errorf("%s: in use", name)
		}
	}
}

func TestConcurrentPushes(t *testing.T) {
	address := loopback.FreeAddress(t)
	r := newRuntime(t, &fakeEngine{}, nil)
	if err := r.Apply(t.Context(), listening("0", address)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		version := string(rune('a' + i))
		wg.Go(func() {
			for range 20 {
				if err := r.Apply(t.Context(), listening(version, address)); err != nil {
					t.Error(err)
				}
				_ = r.ApplyEndpoints(t.Context(), &config.EndpointsUpdate{Base: version})
				_ = r.Status()
				_ = r.Config()
			}
		})
	}
	wg.Wait()
}
