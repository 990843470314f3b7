// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestAdminAPITakesPushes(t *testing.T) {
	address := loopback.FreeAddress(t)
	socket := filepath.Join(t.TempDir(), "admin.sock")
	data, err := BootConfig(BootOptions{AdminSocket: socket})
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(data, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Without the endpoint before the stop: Caddy leaves it to the process.
		load(t, App{})
	})
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}

	body, err := json.Marshal(serving("pushed", address))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPut, "http://admin"+config.PathConfig, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, %v", res.StatusCode, answer, err)
	}
	wantBody(t, address, "pushed")

	res, err = client.Get("http://admin" + config.PathStatus)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var status config.Status
	if err := json.NewDecoder(res.Body).Decode(&status); err != nil {
		t.Fatal(err)
	}
	if rt, _ := Running(); status != rt.Status() || status.Version == "" {
		t.Errorf("status %+v", status)
	}
}

func TestAdminAPIWithoutTheApp(t *testing.T) {
	for _, route := range (AdminAPI{}).Routes() {
		rec := httptest.NewRecorder()
		err := route.Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, route.Pattern, nil))
		api, ok := err.(caddy.APIError)
		if !ok || api.HTTPStatus != http.StatusServiceUnavailable {
			t.Errorf("%s: %v", route.Pattern, err)
		}
	}
}
