// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestServeTakesPushes(t *testing.T) {
	address := loopback.FreeAddress(t)
	p := serveIn(t, t.TempDir(), newAuthority(t))
	if code, body := p.ready(); code != http.StatusServiceUnavailable || !strings.Contains(body, "no configuration") {
		t.Errorf("before the first push /readyz is %d %q", code, body)
	}
	one := serving("1", "one", address)
	p.put(one)
	if code, body := p.ready(); code != http.StatusOK {
		t.Errorf("after the first push /readyz is %d %q", code, body)
	}
	if _, body := get(t, "http://"+address); body != "one" {
		t.Errorf("served %q", body)
	}

	if _, body := get(t, "http://"+p.status+"/metrics"); !strings.Contains(body, "\nkubera_proxy_control_certificate_expiry_timestamp_seconds ") {
		t.Errorf("/metrics has no expiry of the control port's certificate: %s", body)
	}

	two := serving("2", "two", address)
	two.Backends = []config.Backend{{ID: "Service/test/a/80"}}
	delta := config.Diff(one, two)
	if code, status := push[config.Status](p, http.MethodPatch, config.PathConfig, delta); code != http.StatusOK || status.Version != "2" {
		t.Errorf("the delta got %d %+v", code, status)
	}
	if _, body := get(t, "http://"+address); body != "two" {
		t.Errorf("served %q", body)
	}
	if code, status := push[config.Status](p, http.MethodPatch, config.PathConfig, delta); code != http.StatusConflict || status.Version != "2" {
		t.Errorf("a delta with another base got %d %+v", code, status)
	}

	update := &config.EndpointsUpdate{Base: "2", Backends: []config.BackendEndpoints{
		{ID: "Service/test/a/80", Endpoints: []config.Endpoint{{Address: "127.0.0.1:1"}}},
	}}
	want, err := two.WithEndpoints(update)
	if err != nil {
		t.Fatal(err)
	}
	if code, status := push[config.Status](p, http.MethodPatch, config.PathEndpoints, update); code != http.StatusOK || status.EndpointsVersion != config.EndpointsVersion(want) {
		t.Errorf("the endpoints got %d %+v", code, status)
	}
}

func TestServeRefusesWhole(t *testing.T) {
	address := loopback.FreeAddress(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := serveIn(t, t.TempDir(), newAuthority(t))
	p.put(serving("1", "one", address))
	bad := serving("2", "two", address)
	bad.Listeners = append(bad.Listeners, config.Listener{
		ID: "test/gw/taken", Gateway: "test/gw", Protocol: config.HTTP, Port: 81, Address: taken.Addr().String(),
	})
	code, refusal := push[config.Refusal](p, http.MethodPut, config.PathConfig, bad)
	if code != http.StatusUnprocessableEntity || refusal.Object != "test/gw/taken" || !strings.Contains(refusal.Message, "in use") {
		t.Errorf("got %d %+v", code, refusal)
	}
	if _, body := get(t, "http://"+address); body != "one" {
		t.Errorf("served %q", body)
	}
	// A user's listener can't take the control port.
	bad = serving("3", "three", p.control)
	if code, refusal := push[config.Refusal](p, http.MethodPut, config.PathConfig, bad); code != http.StatusUnprocessableEntity {
		t.Errorf("got %d %+v", code, refusal)
	}
}

func TestServeGivesStrangersNothing(t *testing.T) {
	p := serveIn(t, t.TempDir(), newAuthority(t))
	anonymous := newClient(t, &tls.Config{RootCAs: p.authority.Pool(), ServerName: serverName})
	if res, err := anonymous.Get("https://" + p.control + config.PathStatus); err == nil {
		res.Body.Close()
		t.Errorf("without a certificate: %s", res.Status)
	}
	stranger, err := newAuthority(t).IssueClient(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	other := newClient(t, &tls.Config{RootCAs: p.authority.Pool(), ServerName: serverName, Certificates: []tls.Certificate{*stranger}})
	if res, err := other.Get("https://" + p.control + config.PathStatus); err == nil {
		res.Body.Close()
		t.Errorf("with a certificate of another CA: %s", res.Status)
	}
}

func TestServeComesBackWithItsState(t *testing.T) {
	dir, authority, address := t.TempDir(), newAuthority(t), loopback.FreeAddress(t)
	first := serveIn(t, dir, authority)
	first.put(serving("1", "one", address))
	eventually(t, "the state is kept", func() bool {
		_, err := os.Stat(filepath.Join(dir, "state.json"))
		return err == nil
	})
	first.kill()

	second := serveIn(t, dir, authority)
	if code, body := second.ready(); code != http.StatusOK {
		t.Errorf("/readyz is %d %q", code, body)
	}
	if _, body := get(t, "http://"+address); body != "one" {
		t.Errorf("served %q", body)
	}
	if code, status := push[config.Status](second, http.MethodPatch, config.PathConfig,
		config.Diff(serving("1", "one", address), serving("2", "two", address))); code != http.StatusOK || status.Version != "2" {
		t.Errorf("a delta on the state got %d %+v", code, status)
	}
	// What was pushed last before an orderly end is there too.
	if err := second.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := second.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	third := serveIn(t, dir, authority)
	if _, body := get(t, "http://"+address); body != "two" {
		t.Errorf("served %q", body)
	}
	third.kill()

	// A broken state is reported, and no reason not to start.
	if err := os.WriteFile(filepath.Join(dir, "state.json"), []byte(`{"version":"9","hyperspace":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	fourth := serveIn(t, dir, authority)
	if code, _ := fourth.ready(); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz is %d", code)
	}
	if !strings.Contains(fourth.log.String(), "not using the state file") {
		t.Error("the broken state was not reported")
	}
	fourth.put(serving("3", "three", address))
}

func TestServeDrains(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	}))
	defer backend.Close()
	address := loopback.FreeAddress(t)
	cfg := serving("1", "hello", address)
	cfg.Backends = []config.Backend{{ID: "Service/test/a/80", Endpoints: []config.Endpoint{{Address: backend.Listener.Addr().String()}}}}
	cfg.Routes[0].Rules = append(cfg.Routes[0].Rules, config.Rule{
		Matches:  []config.Match{{Path: &config.PathMatch{Type: config.Exact, Value: "/ws"}}},
		Backends: []config.WeightedBackend{{Backend: "Service/test/a/80", Weight: 1}},
	})
	const delay = 6 * time.Second // long enough for what is asked meanwhile, also on a slow machine
	p := serveIn(t, t.TempDir(), newAuthority(t), "--drain-delay", delay.String())
	p.put(cfg)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://"+address+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()

	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is not ready", func() bool { code, _ := p.ready(); return code == http.StatusServiceUnavailable })
	if took := time.Since(began); took > delay {
		t.Errorf("not ready only after %s", took)
	}
	client := newClient(t, nil)
	for range 50 {
		res, err := client.Get("http://" + address)
		if err != nil {
			t.Fatalf("%s into the delay: %v", time.Since(began), err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if !res.Close {
			t.Error("the client was not told to close its connection")
		}
	}
	eventually(t, "nothing is accepted", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	if took := time.Since(began); took < delay {
		t.Errorf("nothing is accepted %s into the delay", took)
	}
	if err := ws.Write(ctx, websocket.MessageText, []byte("still there?")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := ws.Read(ctx); err != nil || string(got) != "still there?" {
		t.Errorf("the WebSocket got no time to end: %q, %v", got, err)
	}
	_ = ws.Close(websocket.StatusNormalClosure, "")
	if code := p.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > delay+8*time.Second {
		t.Errorf("it ended %s after the signal, though nothing was left", took)
	}
}

func TestServeLosesNoRequestWhenItStops(t *testing.T) {
	t.Run("alone", func(t *testing.T) { testServeLosesNoRequestWhenItStops(t) })
	t.Run("with a descriptor store", func(t *testing.T) {
		testServeLosesNoRequestWhenItStops(t, "--fdstore", startStore(t).socket)
	})
}

func testServeLosesNoRequestWhenItStops(t *testing.T, flags ...string) {
	address := loopback.FreeAddress(t)
	p := serveIn(t, t.TempDir(), newAuthority(t), append(flags, "--drain-delay", "500ms")...)
	p.put(serving("1", "hello", address))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				c, err := net.Dial("tcp", address)
				if err != nil {
					return // it does not accept any more
				}
				fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				res, err := http.ReadResponse(bufio.NewReader(c), nil)
				c.Close()
				if err != nil {
					if !strings.Contains(err.Error(), "reset") { // between the last accept and the close
						t.Errorf("an accepted request: %v", err)
					}
					return
				}
				if res.StatusCode != http.StatusOK {
					t.Errorf("status %d", res.StatusCode)
					return
				}
			}
		})
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if code := p.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestServeSurvivesRotationsWhilePushed(t *testing.T) {
	dir, authority, address := t.TempDir(), newAuthority(t), loopback.FreeAddress(t)
	p := serveIn(t, dir, authority)
	for i := range 20 {
		text := fmt.Sprint(i)
		p.put(serving(text, text, address))
		directory(t, authority, dir)
		p.client.CloseIdleConnections()
	}
	if _, body := get(t, "http://"+address); body != "19" {
		t.Errorf("served %q", body)
	}
}
