// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func options(t testing.TB, ready func() error) Options {
	t.Helper()
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "kubera_test_total", Help: "For the test."})
	counter.Add(3)
	registry.MustRegister(counter)
	return Options{Listen: "127.0.0.1:0", Ready: ready, Metrics: registry, Logger: zaptest.NewLogger(t)}
}

func TestHandler(t *testing.T) {
	ready := func() error { return nil }
	draining := func() error { return errors.New("draining") }
	for _, tc := range []struct {
		name         string
		ready        func() error
		method, path string
		status       int
		body         string
	}{
		{"healthy", ready, "GET", "/healthz", 200, "ok\n"},
		{"healthy while draining", draining, "GET", "/healthz", 200, "ok\n"},
		{"ready", ready, "GET", "/readyz", 200, "ok\n"},
		{"ready by HEAD", ready, "HEAD", "/readyz", 200, ""},
		{"not ready", draining, "GET", "/readyz", 503, "not ready: draining\n"},
		{"metrics", ready, "GET", "/metrics", 200, "kubera_test_total 3\n"},
		{"elsewhere", ready, "GET", "/debug/pprof/", 404, ""},
		{"other method", ready, "POST", "/readyz", 405, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			Handler(options(t, tc.ready)).ServeHTTP(rec, httptest.NewRequest(tc.method, tc.path, nil))
			if rec.Code != tc.status || !strings.Contains(rec.Body.String(), tc.body) {
				t.Errorf("got %d %q, want %d %q", rec.Code, rec.Body, tc.status, tc.body)
			}
		})
	}
}

func TestServerFollowsReadiness(t *testing.T) {
	var notReady atomic.Bool
	s, err := Listen(t.Context(), options(t, func() error {
		if notReady.Load() {
			return errors.New("draining")
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for _, want := range []int{http.StatusOK, http.StatusServiceUnavailable} {
		res, err := http.Get("http://" + s.Addr().String() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("got %d, want %d", res.StatusCode, want)
		}
		notReady.Store(true)
	}
}

func TestServerClosesItsPort(t *testing.T) {
	s, err := Listen(t.Context(), options(t, func() error { return nil }))
	if err != nil {
		t.Fatal(err)
	}
	address := s.Addr().String()
	if _, err := Listen(t.Context(), Options{Listen: address}); err == nil {
		t.Error("two have the same port")
	}
	s.Close()
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("the port is open")
	}
}
