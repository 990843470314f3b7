// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// Options of a Server. All are required.
type Options struct {
	// Listen is host:port.
	Listen string
	// Ready says why no traffic may be sent here, nil if it may.
	Ready func() error
	// Metrics are shown by /metrics.
	Metrics prometheus.Gatherer
	Logger  *zap.Logger
}

// Server serves until Close.
type Server struct {
	ln     net.Listener
	http   *http.Server
	served chan struct{}
}

// Listen opens the port and serves.
func Listen(ctx context.Context, opts Options) (*Server, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("opening the status port: %w", err)
	}
	s := &Server{
		ln:     ln,
		served: make(chan struct{}),
		http: &http.Server{
			Handler:        Handler(opts),
			ReadTimeout:    10 * time.Second,
			WriteTimeout:   30 * time.Second,
			IdleTimeout:    2 * time.Minute,
			MaxHeaderBytes: 16 << 10,
			ErrorLog:       zap.NewStdLog(zap.New(nil)),
		},
	}
	go func() {
		defer close(s.served)
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			opts.Logger.Error("the status port is not served any more", zap.Error(err))
		}
	}()
	return s, nil
}

// Handler is what a Server serves.
func Handler(opts Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := opts.Ready(); err != nil {
			http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(opts.Metrics, promhttp.HandlerOpts{}))
	return mux
}

// Addr is the address that is bound.
func (s *Server) Addr() net.Addr { return s.ln.Addr() }

// Close closes the port and its connections.
func (s *Server) Close() {
	_ = s.http.Close() // reports the errors of closing connections
	<-s.served
}
