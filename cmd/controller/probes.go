// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
)

// probes answer a kubelet. They outlive managers, which begin only when the cluster
// has all kinds that are needed. The zero value is not ready.
type probes struct {
	// reason why it is not ready; "" if it is.
	reason atomic.Pointer[string]
}

// set says why the process is not ready; "" if it is: it leads, or could at once.
func (p *probes) set(reason string) { p.reason.Store(&reason) }

func (p *probes) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		reason := p.reason.Load()
		switch {
		case reason == nil:
			http.Error(w, "not ready: starting", http.StatusServiceUnavailable)
		case *reason != "":
			http.Error(w, "not ready: "+*reason, http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, "ok")
		}
	})
	return mux
}

// listen serves at an address, as it is given to --health-probe-bind-address, until
// the function is called that it returns.
func (p *probes) listen(ctx context.Context, address string) (stop func(), err error) {
	if address == "" || address == "0" {
		return func() {}, nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve --health-probe-bind-address: %w", err)
	}
	server := &http.Server{Handler: p.handler(), ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			// The kubelet notices, and starts the container again.
			ctrl.Log.WithName("probes").Error(err, "/healthz is not served any more")
		}
	}()
	return func() {
		_ = server.Close() // what is cut off is a probe
		<-served
	}, nil
}
