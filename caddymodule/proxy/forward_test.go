// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// eachProtocol runs a test for all pairs of client and backend protocols.
func eachProtocol(t *testing.T, test func(t *testing.T, backend config.BackendProtocol, client *http.Client)) {
	for _, backend := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2, overTLS1, overTLS2} {
		t.Run("http/1.1 to "+string(backend), func(t *testing.T) { test(t, backend, newClient(t)) })
		t.Run("h2c to "+string(backend), func(t *testing.T) { test(t, backend, newClient(t, overH2C)) })
	}
}

func TestForwardsRequestAndResponse(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s %d %q", r.Method, r.Host, r.RequestURI, r.ContentLength, r.Header.Values("X-Many")))
			w.Header().Set("Content-Type", "text/weird")
			w.WriteHeader(http.StatusTeapot)
			w.Write(body)
		})
		gw := newGateway(t, oneBackend(app, protocol))
		for _, size := range []int{0, 1, 8 << 10, 8<<10 + 1, 3 << 20} {
			text := bigText(size)
			r := newRequest(t, http.MethodPost, gw.URL+"/a%2Fb//c?x=1&y=%20;z", strings.NewReader(text))
			r.Host = "app.example.com"
			r.Header["X-Many"] = []string{"a", "b, c"}
			got := do(t, client, r)
			if got.StatusCode != http.StatusTeapot || got.body != text {
				t.Errorf("%d bytes: status %d, %d bytes", size, got.StatusCode, len(got.body))
			}
			want := fmt.Sprintf(`POST app.example.com /a%%2Fb//c?x=1&y=%%20;z %d ["a" "b, c"]`, len(text))
			if seen := got.Header.Get("X-Seen"); seen != want {
				t.Errorf("%d bytes: backend saw %s, want %s", size, seen, want)
			}
			if ct := got.Header.Get("Content-Type"); ct != "text/weird" {
				t.Errorf("Content-Type %q", ct)
			}
		}
	})
}
