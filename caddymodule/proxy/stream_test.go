// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/loopback"
)

// TestStreamsResponses has a backend that sends its next event only after the
// client has seen the one before: whatever buffers in between hangs.
func TestStreamsResponses(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		next := make(chan struct{})
		app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			if r.URL.Path == "/sized" {
				w.Header().Set("Content-Length", "18")
			}
			http.NewResponseController(w).Flush()
			for range 3 {
				<-next
				io.WriteString(w, "data: x\n\n"[:6])
				http.NewResponseController(w).Flush()
			}
		})
		gw := newGateway(t, oneBackend(app, protocol))
		for _, path := range []string{"/", "/sized"} {
			resp, err := client.Do(newRequest(t, http.MethodGet, gw.URL+path, nil))
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				next <- struct{}{}
				expect(t, resp.Body, "data: ")
			}
			if rest, err := io.ReadAll(resp.Body); len(rest) > 0 || err != nil {
				t.Errorf("%s: then %q, %v", path, rest, err)
			}
			resp.Body.Close()
		}
	})
}

// TestStreamsBothWays echoes while the request goes on.
func TestStreamsBothWays(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			control := http.NewResponseController(w)
			control.EnableFullDuplex()
			control.Flush()
			buf := make([]byte, 100)
			for {
				n, err := r.Body.Read(buf)
				w.Write(buf[:n])
				control.Flush()
				if err != nil {
					return
				}
			}
		})
		gw := newGateway(t, oneBackend(app, protocol))
		body, feed := io.Pipe()
		resp, err := client.Do(newRequest(t, http.MethodPost, gw.URL, body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		for _, text := range []string{"one", "two", "three"} {
			io.WriteString(feed, text)
			expect(t, resp.Body, text)
		}
		feed.Close()
		if rest, err := io.ReadAll(resp.Body); len(rest) > 0 || err != nil {
			t.Errorf("then %q, %v", rest, err)
		}
	})
}

func TestTrailersBothWays(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			body, _ := io.ReadAll(r.Body)
			w.Write(body)
			w.Header().Set("X-Sum", strings.Join(r.Trailer["X-Asked"], ","))
			w.Header().Set(http.TrailerPrefix+"X-Late", "late")
		})
		gw := newGateway(t, oneBackend(app, protocol))
		for _, text := range []string{"", "hello", bigText(100_000)} {
			r := newRequest(t, http.MethodPost, gw.URL, io.MultiReader(strings.NewReader(text)))
			r.Trailer = http.Header{"X-Asked": {"why"}}
			got := do(t, client, r)
			want := http.Header{"X-Sum": {"why"}, "X-Late": {"late"}}
			if diff := cmp.Diff(want, got.Trailer); diff != "" || got.body != text {
				t.Errorf("%d bytes: got %d bytes, trailer (-want +got):\n%s", len(text), len(got.body), diff)
			}
		}
	})
}

func TestEarlyHints(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			for _, link := range []string{"</a.css>", "</b.css>"} {
				w.Header().Set("Link", link)
				w.WriteHeader(http.StatusEarlyHints)
			}
			w.Header().Del("Link")
			w.Header().Set("X-Final", "yes")
			io.WriteString(w, "done")
		})
		gw := newGateway(t, oneBackend(app, protocol))
		var hints []string
		r := newRequest(t, http.MethodGet, gw.URL, nil)
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				if code == http.StatusEarlyHints {
					hints = append(hints, h.Get("Link"))
				}
				return nil
			},
		}))
		got := do(t, client, r)
		if diff := cmp.Diff([]string{"</a.css>", "</b.css>"}, hints); diff != "" {
			t.Errorf("hints (-want +got):\n%s", diff)
		}
		if got.body != "done" || got.Header.Get("X-Final") != "yes" || got.Header.Get("Link") != "" {
			t.Errorf("final response %q, %v", got.body, got.Header)
		}
	})
}

func TestExpectContinue(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusExpectationFailed)
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	})
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))

	c := connect(t, gw.Address)
	send(t, c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	expect(t, c, "HTTP/1.1 100 Continue\r\n\r\n")
	send(t, c, "hello")
	expect(t, c, "HTTP/1.1 200 OK\r\n")
	readUntil(t, c, "\r\n\r\nhello")

	c = connect(t, gw.Address)
	send(t, c, "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	expect(t, c, "HTTP/1.1 417 Expectation Failed\r\n")
}

// TestExpectContinueOfSilentBackend has a backend that knows no expectations and
// waits for the body.
func TestExpectContinueOfSilentBackend(t *testing.T) {
	app := rawBackend(t, func(c net.Conn) {
		readUntil(t, c, "\r\n\r\nhello")
		send(t, c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	c := connect(t, gw.Address)
	send(t, c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	expect(t, c, "HTTP/1.1 100 Continue\r\n\r\n")
	send(t, c, "hello")
	expect(t, c, "HTTP/1.1 200 OK\r\n")
}

// TestEarlyResponse has a backend that answers before it has read the body, and
// a client that goes on sending: it must get the answer, and what it still sends
// must not be taken for another request.
func TestEarlyResponse(t *testing.T) {
	app := rawBackend(t, func(c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		send(t, c, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
		io.Copy(io.Discard, c)
	})
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	for _, length := range []string{"Content-Length: 100000", "Transfer-Encoding: chunked"} {
		c := connect(t, gw.Address)
		send(t, c, "POST /first HTTP/1.1\r\nHost: a\r\n"+length+"\r\n\r\n1\r\nx\r\n")
		head := readUntil(t, c, "\r\n\r\n")
		if !strings.HasPrefix(head, "HTTP/1.1 401 ") {
			t.Fatalf("%s: %s", length, head)
		}
		// The proxy closes; a reset is as good as an end.
		io.WriteString(c, "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
		rest, _ := io.ReadAll(c)
		if strings.Contains(string(rest), "smuggled") {
			t.Errorf("%s: the body was taken for a request: %q", length, rest)
		}
		if !strings.Contains(string(rest), "no") {
			t.Errorf("%s: body %q", length, rest)
		}
	}
}

// TestCanceledRequest sees that a client that leaves takes its backend request
// with it.
func TestCanceledRequest(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		begun, ended := make(chan struct{}), make(chan struct{}, 1)
		app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/started" {
				http.NewResponseController(w).Flush()
			}
			begun <- struct{}{}
			<-r.Context().Done()
			ended <- struct{}{}
		})
		gw := newGateway(t, oneBackend(app, protocol))
		for _, path := range []string{"/", "/started"} {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-begun
				cancel()
			}()
			resp, err := client.Do(newRequest(t, http.MethodGet, gw.URL+path, nil).WithContext(ctx))
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", path, err)
			}
			select {
			case <-ended:
			case <-time.After(30 * time.Second):
				t.Fatalf("%s: the request of the backend goes on", path)
			}
		}
	})
}

// TestCutResponse sees that a response that breaks off doesn't look complete.
func TestCutResponse(t *testing.T) {
	for name, response := range map[string]string{
		"length": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
		"chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"broken": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
	} {
		for _, change := range [][]func(*http.Transport){nil, {overH2C}} {
			app := rawBackend(t, func(c net.Conn) {
				readUntil(t, c, "\r\n\r\n")
				send(t, c, response)
			})
			gw := newGateway(t, oneBackend(app, config.BackendHTTP))
			resp, err := newClient(t, change...).Do(newRequest(t, http.MethodGet, gw.URL, nil))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err == nil || string(got) != "hello" {
				t.Errorf("%s: got %q, error %v; want hello and an error", name, got, err)
			}
		}
	}
}

func TestErrorsOfBackends(t *testing.T) {
	for want, serve := range map[string]func(net.Conn){
		"502 closes at once":  func(c net.Conn) { readUntil(t, c, "\r\n\r\n") },
		"502 speaks nonsense": func(c net.Conn) { readUntil(t, c, "\r\n\r\n"); send(t, c, "SSH-2.0-x\r\n\r\n") },
		"502 ambiguous": func(c net.Conn) {
			readUntil(t, c, "\r\n\r\n")
			send(t, c, "HTTP/1.1 200 OK\r\nX-Secret: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
		},
	} {
		gw := newGateway(t, oneBackend(rawBackend(t, serve), config.BackendHTTP))
		got := get(t, newClient(t), gw.URL)
		if got.Status[:3] != want[:3] || got.Header.Get("X-Secret") != "" {
			t.Errorf("%s: got %s, %v", want, got.Status, got.Header)
		}
	}
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2} {
		gw := newGateway(t, oneBackend(deadAddress(t), protocol))
		if got := get(t, newClient(t), gw.URL); got.StatusCode != http.StatusBadGateway {
			t.Errorf("%s, nobody listens: %s", protocol, got.Status)
		}
		gw = newGateway(t, oneRule(config.Rule{Backends: to("app")}, config.Backend{ID: "app", Protocol: protocol}))
		if got := get(t, newClient(t), gw.URL); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s, no endpoints: %s", protocol, got.Status)
		}
	}
	gw := newGateway(t, oneRule(config.Rule{Backends: []config.WeightedBackend{{Weight: 1}}}))
	if got := get(t, newClient(t), gw.URL); got.StatusCode != http.StatusInternalServerError {
		t.Errorf("invalid reference: %s", got.Status)
	}
}

// TestHeadersOfOneConnection sees what is and is not sent on.
func TestHeadersOfOneConnection(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Seen", strings.Join([]string{
			r.Header.Get("Connection"), r.Header.Get("X-Private"), r.Header.Get("Keep-Alive"), r.Header.Get("Te"),
			r.Header.Get("User-Agent"), r.Header.Get("Via"), r.Header.Get("Accept-Encoding"), r.Header.Get("X-Forwarded-Proto"),
		}, "|"))
		w.Header()["Date"] = []string{"Mon, 02 Jan 2006 15:04:05 GMT"}
		w.Header()["Content-Type"] = nil
		w.Header().Set("Keep-Alive", "timeout=1")
		io.WriteString(w, "<html>")
	})
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	lines := rawRequest(t, gw.Address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Private\r\nX-Private: 1\r\nKeep-Alive: 1\r\n"+
		"TE: gzip, trailers\r\n\r\n")
	got := map[string]string{}
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(line, ": "); ok {
			got[name] = value
		}
	}
	want := map[string]string{
		"X-Seen": "|||trailers||||http", "Date": "Mon, 02 Jan 2006 15:04:05 GMT", "Content-Length": "6", "Connection": "close",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("response header (-want +got):\n%s", diff)
	}
}

func TestBodyLimit(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	cfg := oneBackend(app, config.BackendHTTP)
	cfg.Gateways[0].Limits = &config.Limits{MaxRequestBodyBytes: 20_000}
	gw := newGateway(t, cfg)
	for _, change := range [][]func(*http.Transport){nil, {overH2C}} {
		client := newClient(t, change...)
		for size, want := range map[int]int{0: 200, 100: 200, 20_000: 200, 20_001: 413, 1 << 20: 413} {
			for _, body := range []io.Reader{strings.NewReader(bigText(size)), io.MultiReader(strings.NewReader(bigText(size)))} {
				resp, err := client.Do(newRequest(t, http.MethodPost, gw.URL, body))
				if err != nil {
					t.Errorf("%d bytes: %v", size, err)
					continue
				}
				resp.Body.Close()
				if resp.StatusCode != want {
					t.Errorf("%d bytes (%T): %d, want %d", size, body, resp.StatusCode, want)
				}
			}
		}
	}
}

func TestBrokenRequestBody(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	c := connect(t, gw.Address)
	send(t, c, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest || !resp.Close {
		t.Errorf("%s, close %v; want 400 and close", resp.Status, resp.Close)
	}
}

// deadAddress is one at which nobody listens.
func deadAddress(t testing.TB) string { return loopback.FreeAddress(t) }
