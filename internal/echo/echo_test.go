// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package echo

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHandlerText(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://shop.example/cart?a=b", nil)
	r.Header.Set("User-Agent", "test")
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	r.Header.Add("X-Team", "one")
	r.Header.Add("X-Team", "two")
	w := httptest.NewRecorder()
	Handler("v1").ServeHTTP(w, r)
	want := "v1 POST /cart?a=b\nHost: shop.example\nX-Team: one, two\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
	if w.Header().Get("X-Echo-Name") != "v1" {
		t.Errorf("header %v", w.Header())
	}
}

func TestHandlerJSON(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/a%20b", nil)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	w := httptest.NewRecorder()
	Handler("v1").ServeHTTP(w, r)
	var have answer
	if err := json.Unmarshal(w.Body.Bytes(), &have); err != nil {
		t.Fatal(err)
	}
	if have.Name != "v1" || have.Path != "/a%20b" || have.Headers.Get("X-Forwarded-For") != "192.0.2.1" {
		t.Errorf("%+v", have)
	}
}

func TestQueryAsksForMore(t *testing.T) {
	for query, want := range map[string]int{
		"":                     200,
		"status=503":           503,
		"delay=1ms&status=599": 599,
		"status=199":           400,
		"status=600":           400,
		"status=x":             400,
		"delay=61s":            400,
		"delay=-1s":            400,
		"delay=x":              400,
		"delay=1ms&status=1":   400,
		"delay=" + maxDelay.String() + "&status=0": 400,
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if query != "delay=1ms&status=599" {
			cancel() // nobody waits for the answer
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/?"+query, nil)
		w := httptest.NewRecorder()
		start := time.Now()
		Handler("v1").ServeHTTP(w, r)
		cancel()
		if w.Code != want {
			t.Errorf("%q: have %d, want %d", query, w.Code, want)
		}
		if query == "delay=1ms&status=599" && time.Since(start) < time.Millisecond {
			t.Errorf("%q: answered after %s", query, time.Since(start))
		}
	}
}

func TestServeUntilTold(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, listener, "v1") }()

	for name, configure := range map[string]func(*http.Protocols){
		"HTTP/1.1": func(p *http.Protocols) { p.SetHTTP1(true) },
		"HTTP/2.0": func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	} {
		transport := &http.Transport{Protocols: &http.Protocols{}}
		configure(transport.Protocols)
		client := &http.Client{Transport: transport}
		response, err := client.Get("http://" + listener.Addr().String() + "/x")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.Proto != name || string(body) != "v1 GET /x\nHost: "+listener.Addr().String()+"\n" {
			t.Errorf("%s: %v %s %q", name, err, response.Proto, body)
		}
		transport.CloseIdleConnections()
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
}

func TestServeReportsABrokenListener(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	if err := Serve(t.Context(), listener, "v1"); err == nil {
		t.Error("no error")
	}
}
