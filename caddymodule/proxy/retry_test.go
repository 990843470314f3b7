// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

const millisecond = config.Duration(time.Millisecond)

// flaky fails until it has been asked as often as the query says, "after=2", and does
// not answer from then on, "after=2&hang=2".
func flaky(t testing.TB) (address string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	return serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		n := asked.Add(1)
		var succeedAfter, hang int32
		_, _ = fmt.Sscanf(r.URL.RawQuery, "after=%d&hang=%d", &succeedAfter, &hang) // or none
		if hang > 0 && n >= hang {
			<-r.Context().Done()
			return
		}
		w.Header().Set("X-Try", fmt.Sprint(n))
		if n <= succeedAfter {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		w.Write(body)
	}), asked
}

func TestRetry(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		app, asked := flaky(t)
		for _, tc := range []struct {
			method, query, body string
			retry               config.Retry
			timeouts            *config.Timeouts
			want                string // the status and which try it is of
		}{
			{"GET", "after=2", "", config.Retry{Attempts: 3, Codes: []int{503}, Backoff: millisecond}, nil, "200 3"},
			{"PUT", "after=2", "hello", config.Retry{Attempts: 3, Codes: []int{503}, Backoff: millisecond}, nil, "200 3"},
			{"GET", "after=9", "", config.Retry{Attempts: 3, Codes: []int{500, 503}, Backoff: millisecond}, nil, "503 4"},
			{"GET", "after=1", "", config.Retry{Attempts: 0, Codes: []int{503}}, nil, "503 1"},
			{"GET", "after=1", "", config.Retry{Attempts: 3, Codes: []int{500}}, nil, "503 1"},
			{"POST", "after=1", "hello", config.Retry{Attempts: 3, Codes: []int{503}}, nil, "503 1"},
			{"PUT", "after=1", bigText(100_000), config.Retry{Attempts: 3, Codes: []int{503}}, nil, "503 1"},
			// "the entire duration of the initial request and any retry attempts MUST not
			// exceed the Request timeout duration"
			{
				"GET", "after=9&hang=3", "", config.Retry{Attempts: 100, Codes: []int{503}, Backoff: millisecond},
				&config.Timeouts{Request: 300 * millisecond}, "504 ",
			},
			// "any retry attempts which reach the configured BackendRequest timeout
			// duration without a response SHOULD be canceled"
			{
				"GET", "after=9&hang=1", "", config.Retry{Attempts: 2, Backoff: millisecond},
				&config.Timeouts{BackendRequest: 50 * millisecond}, "504 ",
			},
			{
				"GET", "after=2", "", config.Retry{Attempts: 2, Codes: []int{503}, Backoff: millisecond},
				&config.Timeouts{Request: 15000 * millisecond, BackendRequest: 10000 * millisecond}, "200 3",
			},
		} {
			asked.Store(0)
			gw := newGateway(t, oneRule(config.Rule{
				Filters: []config.Filter{corsFor("https://a.com")}, Backends: to("app"), Retry: &tc.retry, Timeouts: tc.timeouts,
			}, backendAt("app", app, protocol)))
			r := newRequest(t, tc.method, gw.URL+"/?"+tc.query, strings.NewReader(tc.body))
			r.Header.Set("Origin", "https://a.com")
			got := do(t, client, r)
			if said := got.Status[:3] + " " + strings.Join(got.Header["X-Try"], ","); said != tc.want {
				t.Errorf("%s %s, %+v: %s, want %s", tc.method, tc.query, tc.retry, said, tc.want)
			}
			if got.Header.Get("X-Try") != "" && got.body != tc.body {
				t.Errorf("%s %s: the backend received %.50q", tc.method, tc.query, got.body)
			}
			if origins := got.Header["Access-Control-Allow-Origin"]; len(origins) != 1 {
				t.Errorf("%s %s: allowed origins %v", tc.method, tc.query, origins)
			}
		}
	})
}

// TestRetryFindsTheLiveEndpoint: with one that is dead, no request may fail.
func TestRetryFindsTheLiveEndpoint(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		app, asked := flaky(t)
		backend := config.Backend{ID: "app", Protocol: protocol, Endpoints: []config.Endpoint{{Address: deadAddress(t)}, {Address: app}}}
		gw := newGateway(t, oneRule(config.Rule{Backends: to("app"), Retry: &config.Retry{Attempts: 100}}, backend))
		for n := range 10 {
			if got := get(t, client, gw.URL); got.StatusCode != http.StatusOK || asked.Load() != int32(n+1) {
				t.Errorf("%s after %d requests", got.Status, asked.Load())
			}
		}
	})
}

// TestRetryTakesNewEndpoints that came while the request was waiting.
func TestRetryTakesNewEndpoints(t *testing.T) {
	app, _ := flaky(t)
	gw := newGateway(t, oneRule(config.Rule{
		Backends: to("app"), Retry: &config.Retry{Attempts: 1000, Backoff: 5 * millisecond},
	}, backendAt("app", deadAddress(t), "")))
	done := make(chan answer)
	go func() { done <- get(t, newClient(t), gw.URL) }()
	if err := gw.engine.SetEndpoints([]config.BackendEndpoints{{ID: "app", Endpoints: []config.Endpoint{{Address: app}}}}); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.StatusCode != http.StatusOK {
		t.Error(got.Status)
	}
}

// TestRetryCutsNothing: a response that breaks off after it has begun is not sent again.
func TestRetryCutsNothing(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		var asked atomic.Int32
		app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			io.WriteString(w, "begin")
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		gw := newGateway(t, oneRule(config.Rule{Backends: to("app"), Retry: &config.Retry{Attempts: 5, Backoff: millisecond}},
			backendAt("app", app, protocol)))
		resp, err := client.Do(newRequest(t, http.MethodGet, gw.URL, nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); string(body) != "begin" || err == nil || asked.Load() != 1 {
			t.Errorf("%q, %v after %d requests", body, err, asked.Load())
		}
	})
}
