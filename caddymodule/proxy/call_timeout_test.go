// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/grpcwire"
)

// TestCallsEndInTime has a backend that does not, and clients and rules that wait for
// some time.
func TestCallsEndInTime(t *testing.T) {
	const short = 400 * time.Millisecond // long enough for a response to begin
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/begun/Get" {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Trailer", "Grpc-Status")
			io.WriteString(w, emptyMessage)
			http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	})
	for name, tt := range map[string]struct {
		rule, try time.Duration
		header    []string
		never     bool // the response does not begin
	}{
		"client":              {header: []string{"Grpc-Timeout", "400m"}},
		"client with no time": {header: []string{"Grpc-Timeout", "0n"}, never: true},
		"client before rule":  {rule: time.Hour, try: time.Hour, header: []string{"Grpc-Timeout", "400000u"}},
		"rule":                {rule: short},
		"rule before client":  {rule: short, header: []string{"Grpc-Timeout", "99999999H"}},
		"try":                 {rule: time.Hour, try: short},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := withTimeouts(callRules([]config.Rule{{Backends: to("app")}}, backendAt("app", app, "")), tt.rule, tt.try)
			gw, lines, _ := newReporting(t, cfg)
			wantCode(t, "silent", do(t, newClient(t, overH2C), newCall(t, gw.URL+"/silent/Get", tt.header...)), "4")
			if line := <-lines; line["status"] != 504.0 || line["grpc_status"] != "4" {
				t.Errorf("silent: logged %v", line)
			}
			if tt.never {
				return
			}
			got := do(t, newClient(t, overH2C), newCall(t, gw.URL+"/begun/Get", tt.header...))
			if got.body != emptyMessage || got.Trailer.Get("Grpc-Status") != "4" || got.Trailer.Get("Grpc-Message") == "" {
				t.Errorf("begun: %q, header %v, trailer %v", got.body, got.Header, got.Trailer)
			}
			if line := <-lines; line["status"] != 200.0 || line["grpc_status"] != "4" || line["error"] == nil {
				t.Errorf("begun: logged %v", line)
			}
		})
	}
}

// TestBackendsLearnWhatIsLeft looks at the timeouts that backends are told.
func TestBackendsLearnWhatIsLeft(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Timeout"] = r.Header["Grpc-Timeout"]
	})
	const none = -1
	for name, tt := range map[string]struct {
		rule, try, client time.Duration
		want              time.Duration // the most that may be left
	}{
		"nobody waits":       {0, 0, none, none},
		"client":             {0, 0, time.Hour, time.Hour},
		"client before rule": {2 * time.Hour, 0, time.Hour, time.Hour},
		"rule before client": {time.Hour, 0, 2 * time.Hour, time.Hour},
		"try before both":    {3 * time.Hour, time.Hour, 2 * time.Hour, time.Hour},
		"rule":               {time.Hour, 0, none, time.Hour},
	} {
		gw := newGateway(t, withTimeouts(callRules([]config.Rule{{Backends: to("app")}}, backendAt("app", app, "")), tt.rule, tt.try))
		r := newCall(t, gw.URL+"/x/Get")
		if tt.client != none {
			grpcwire.SetTimeout(r.Header, tt.client)
		}
		seen := do(t, newClient(t, overH2C), r).Header["X-Timeout"]
		left, set, ok := grpcwire.Timeout(http.Header{"Grpc-Timeout": seen})
		if !ok || set != (tt.want != none) || set && (left > tt.want || left < tt.want-time.Minute) {
			t.Errorf("%s: the backend is told %q, want at most %v", name, seen, tt.want)
		}
	}
}

// TestOtherTimeoutsAreLeftAlone has headers that are none, and requests that are no
// calls.
func TestOtherTimeoutsAreLeftAlone(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Timeout"] = r.Header["Grpc-Timeout"]
	})
	gw := newGateway(t, withTimeouts(callRules([]config.Rule{{Backends: to("app")}}, backendAt("app", app, "")), time.Hour, 0))
	for _, value := range []string{"soon", "123456789S", "1"} {
		if got := do(t, newClient(t, overH2C), newCall(t, gw.URL+"/x/Get", "Grpc-Timeout", value)); got.Header.Get("X-Timeout") != value {
			t.Errorf("%q was sent on as %q", value, got.Header["X-Timeout"])
		}
	}
	r := newCall(t, gw.URL+"/x/Get", "Content-Type", "text/plain", "Grpc-Timeout", "1n")
	if got := do(t, newClient(t, overH2C), r); got.StatusCode != http.StatusOK || got.Header.Get("X-Timeout") != "1n" {
		t.Errorf("a request that is no call: %s, timeout %q", got.Status, got.Header["X-Timeout"])
	}
}
