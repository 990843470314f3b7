// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/test/loopback"
)

// probe gives "STATUS BODY", or "" where nobody listens.
func probe(t *testing.T, address, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, strings.TrimSpace(string(body)))
}

func TestProbes(t *testing.T) {
	p := &probes{}
	server := httptest.NewServer(p.handler())
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	expect := func(path, want string) {
		t.Helper()
		if got := probe(t, address, path); got != want {
			t.Errorf("%s answers %q, want %q", path, got, want)
		}
	}
	expect("/healthz", "200 ok")
	expect("/readyz", "503 not ready: starting")
	p.set("no kinds")
	expect("/healthz", "200 ok")
	expect("/readyz", "503 not ready: no kinds")
	p.set("")
	expect("/readyz", "200 ok")
	expect("/", "404 404 page not found")
}

func TestProbesListen(t *testing.T) {
	p := &probes{}
	for _, off := range []string{"", "0"} {
		stop, err := p.listen(t.Context(), off)
		if err != nil {
			t.Fatal(err)
		}
		stop()
	}
	address := loopback.FreeAddress(t)
	stop, err := p.listen(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if got := probe(t, address, "/healthz"); got != "200 ok" {
		t.Errorf("got %q", got)
	}
	stop()
	if got := probe(t, address, "/healthz"); got != "" {
		t.Errorf("it answers %q after its end", got)
	}
}
