// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func withTimeouts(cfg *config.Config, request, backend time.Duration) *config.Config {
	cfg.Routes[0].Rules[0].Timeouts = &config.Timeouts{
		Request: config.Duration(request), BackendRequest: config.Duration(backend),
	}
	return cfg
}

func TestTimeouts(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/silent":
				<-r.Context().Done()
			case "/stuck":
				io.WriteString(w, "begin")
				http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}
		})
		gw := newGateway(t, oneBackend(app, protocol))
		const short, long = 50 * time.Millisecond, time.Hour
		all := map[string][2]time.Duration{
			"request": {short, 0}, "backend": {0, short}, "shorter backend": {long, short}, "shorter request": {short, long},
		}
		if protocol == overTLS1 || protocol == overTLS2 {
			// Long enough for a handshake.
			all = map[string][2]time.Duration{"request": {20 * short, 0}}
		}
		for name, timeouts := range all {
			gw.apply(t, withTimeouts(oneBackend(app, protocol), timeouts[0], timeouts[1]))
			if got := get(t, client, gw.URL+"/silent"); got.StatusCode != http.StatusGatewayTimeout {
				t.Errorf("%s: silent backend: %s", name, got.Status)
			}
			if got := get(t, client, gw.URL+"/quick"); got.StatusCode != http.StatusOK {
				t.Errorf("%s: quick backend: %s", name, got.Status)
			}
			resp, err := client.Do(newRequest(t, http.MethodGet, gw.URL+"/stuck", nil))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(got) != "begin" || err == nil {
				t.Errorf("%s: stuck backend: %q, %v; want begin and an error", name, got, err)
			}
		}
	})
}

// TestTimeoutOfSlowClient has a client that does not send its body.
func TestTimeoutOfSlowClient(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	gw := newGateway(t, withTimeouts(oneBackend(app, config.BackendHTTP), 50*time.Millisecond, 0))
	for _, framing := range []string{"Content-Length: 10", "Content-Length: 100000", "Transfer-Encoding: chunked"} {
		c := connect(t, gw.Address)
		send(t, c, "POST / HTTP/1.1\r\nHost: a\r\n"+framing+"\r\n\r\n1\r\n")
		expect(t, c, "HTTP/1.1 504 ")
	}
}

// TestTimeoutIsOver sees that a deadline doesn't outlive its request on either
// connection.
func TestTimeoutIsOver(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	gw := newGateway(t, withTimeouts(oneBackend(app, config.BackendHTTP), 100*time.Millisecond, 0))
	c := connect(t, gw.Address)
	const request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
	send(t, c, request)
	readUntil(t, c, "\r\n\r\nhello")
	gw.apply(t, oneBackend(app, config.BackendHTTP))
	timer := time.NewTimer(150 * time.Millisecond) // past the deadline of the first
	<-timer.C
	send(t, c, request)
	expect(t, c, "HTTP/1.1 200 OK\r\n")
}
