// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// heldH2 is an endpoint that speaks h2c and answers no request before it is over.
// It tells of each request, and of each connection that is closed.
func heldH2(t *testing.T) (address string, requests, closed <-chan struct{}) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	begun, ended := make(chan struct{}, 8), make(chan struct{}, 8)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{
		Protocols: protocols,
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			begun <- struct{}{}
			<-r.Context().Done()
		}),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				ended <- struct{}{}
			}
		},
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(ln)
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return ln.Addr().String(), begun, ended
}

func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(30 * time.Second):
		t.Fatalf("no %s", what)
	}
}

// TestNoConnectionOutlivesItsEndpoint ends a request that has no response yet, of
// an endpoint that has gone before or meanwhile: nothing stays behind.
func TestNoConnectionOutlivesItsEndpoint(t *testing.T) {
	for name, retireFirst := range map[string]bool{"retired before": true, "retired meanwhile": false} {
		t.Run(name, func(t *testing.T) {
			address, requests, closed := heldH2(t)
			b := newBackend(t, config.BackendHTTP2, address)
			if retireFirst {
				b.retire()
			}
			ctx, cancel := context.WithCancel(t.Context())
			failed := make(chan error, 1)
			go func() { failed <- exchange(t, b, newRequest(ctx, http.MethodGet)) }()
			await(t, "request", requests)
			b.SetEndpoints(nil)
			cancel()
			wantKind(t, <-failed, Canceled)
			await(t, "end of the connection", closed)
		})
	}
}
