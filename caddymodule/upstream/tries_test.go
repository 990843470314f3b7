// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// triesLog notes what it is told, the endpoints by the names that they have there.
type triesLog struct {
	names map[string]string
	lines []string
	q     *Request
}

func (l *triesLog) BeginTry(endpoint string) {
	l.lines = append(l.lines, "begin "+l.names[endpoint])
	l.q.Header.Set("Try", fmt.Sprint(len(l.lines)))
}

func (l *triesLog) EndTry(status int, err error) {
	if err != nil {
		l.lines = append(l.lines, asError(err).Kind.String())
		return
	}
	l.lines = append(l.lines, fmt.Sprint(status))
}

func TestTries(t *testing.T) {
	statuses := func(list ...int) string {
		codes := make(chan int, len(list))
		for _, code := range list {
			codes <- code
		}
		return listen(t, func(_ int, c net.Conn) {
			r := bufio.NewReader(c)
			for {
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				fmt.Fprintf(c, "HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nok", <-codes)
			}
		})
	}
	// Answers the first request, and closes the connection when it has the second.
	closing := listen(t, func(n int, c net.Conn) {
		r := bufio.NewReader(c)
		for i := 1; ; i++ {
			if _, err := http.ReadRequest(r); err != nil || n == 1 && i == 2 {
				return
			}
			io.WriteString(c, okResponse)
		}
	})
	for name, tc := range map[string]struct {
		addresses []string
		before    int // requests on the same connection
		retry     *config.Retry
		want      []string
	}{
		"one":          {[]string{statuses(200)}, 0, nil, []string{"begin 0", "200"}},
		"none":         {nil, 0, nil, nil},
		"unreachable":  {[]string{closedPort(t)}, 0, nil, []string{"begin 0", "connect failed"}},
		"retried":      {[]string{statuses(503, 503, 200)}, 0, &config.Retry{Attempts: 2, Codes: []int{503}}, []string{"begin 0", "503", "begin 0", "503", "begin 0", "200"}},
		"closed under": {[]string{closing}, 1, nil, []string{"begin 0", "bad response", "begin 0", "200"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, config.BackendHTTP, tc.addresses...)
			for range tc.before {
				if err := get(t, b); err != nil {
					t.Fatal(err)
				}
			}
			q := newRequest(t.Context(), http.MethodGet)
			q.Retry = tc.retry
			log := &triesLog{names: map[string]string{}, q: q}
			for i, address := range tc.addresses {
				log.names[address] = fmt.Sprint(i)
			}
			q.Tries = log
			_ = exchange(t, b, q) // the log says what became of it
			if diff := cmp.Diff(tc.want, log.lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A header that BeginTry writes is that which the endpoint of the try gets.
func TestHeaderOfTry(t *testing.T) {
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2} {
		got := make(chan string, 2)
		s := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got <- r.Header.Get("Try")
			w.WriteHeader(http.StatusServiceUnavailable)
		}), Protocols: new(http.Protocols)}
		s.Protocols.SetHTTP1(true)
		s.Protocols.SetUnencryptedHTTP2(true)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = s.Serve(ln)
		}()
		b := newBackend(t, protocol, ln.Addr().String())
		q := newRequest(t.Context(), http.MethodGet)
		q.Retry = &config.Retry{Attempts: 1, Codes: []int{503}}
		q.Tries = &triesLog{q: q}
		if err := exchange(t, b, q); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"1", "3"} {
			if try := <-got; try != want {
				t.Errorf("%s: the endpoint got try %s, want %s", protocol, try, want)
			}
		}
		s.Close()
		<-served
	}
}

// What is written for another try goes into another header, since that of a try over
// HTTP/2 is read by a goroutine that may outlive the try.
func TestHeaderOfAnotherTry(t *testing.T) {
	for _, protocol := range bothProtocols {
		stuck := serving(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		q := newRequest(t.Context(), http.MethodGet)
		q.Retry = &config.Retry{Attempts: 1, Backoff: quick}
		q.TryTimeout = 20 * time.Millisecond
		var headers []http.Header
		q.TellTimeout = func(h http.Header, _ time.Duration) {
			h.Set("Timeout", fmt.Sprint(len(headers)))
			headers = append(headers, h)
		}
		wantKind(t, exchange(t, newBackend(t, protocol, stuck), q), Timeout)
		if len(headers) != 2 || headers[0].Get("Timeout") != "0" || headers[1].Get("Timeout") != "1" {
			t.Errorf("%s: the headers were %v", protocol, headers)
		}
	}
}
