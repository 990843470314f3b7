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

// reachable is a timeout that what is not to end by it keeps also on a slow machine.
// A test that waits for it runs beside others.
const reachable = 5 * time.Second

func TestTimeouts(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		t.Parallel()
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
		const long = time.Hour
		for name, timeouts := range map[string]func(short time.Duration) (request, backend time.Duration){
			"request":         func(short time.Duration) (request, backend time.Duration) { return short, 0 },
			"backend":         func(short time.Duration) (request, backend time.Duration) { return 0, short },
			"shorter backend": func(short time.Duration) (request, backend time.Duration) { return long, short },
			"shorter request": func(short time.Duration) (request, backend time.Duration) { return short, long },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				at := func(short time.Duration) *gatewayFixture {
					request, backend := timeouts(short)
					return newGateway(t, withTimeouts(oneBackend(app, protocol), request, backend))
				}
				if got := get(t, client, at(50*time.Millisecond).URL+"/silent"); got.StatusCode != http.StatusGatewayTimeout {
					t.Errorf("silent backend: %s", got.Status)
				}
				gw := at(reachable)
				if got := get(t, client, gw.URL+"/quick"); got.StatusCode != http.StatusOK {
					t.Errorf("quick backend: %s", got.Status)
				}
				resp, err := client.Do(newRequest(t, http.MethodGet, gw.URL+"/stuck", nil))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if string(got) != "begin" || err == nil {
					t.Errorf("stuck backend: %q, %v; want begin and an error", got, err)
				}
			})
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
	t.Parallel()
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	gw := newGateway(t, withTimeouts(oneBackend(app, config.BackendHTTP), reachable, 0))
	c := connect(t, gw.Address)
	const request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
	send(t, c, request)
	readUntil(t, c, "\r\n\r\nhello")
	gw.apply(t, oneBackend(app, config.BackendHTTP))
	timer := time.NewTimer(reachable) // past the deadline of the first
	<-timer.C
	send(t, c, request)
	expect(t, c, "HTTP/1.1 200 OK\r\n")
}
