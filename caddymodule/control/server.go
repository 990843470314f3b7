// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
)

// DefaultClientURI is the identity of the controller.
const DefaultClientURI = "spiffe://kubera.dev/controller"

// Options of a Server.
type Options struct {
	// Listen is host:port.
	Listen string
	// Directory holds tls.crt, tls.key and ca.crt. They are read again when they
	// change. While they are bad, the last good ones are used; as long as there
	// were none, every handshake is refused.
	Directory string
	// ClientURI is the one URI that the certificate of a client names.
	// Default: DefaultClientURI.
	ClientURI string
	// Handler serves the clients that are let in.
	Handler http.Handler
	// Expires is told when the certificate of the port expires, whenever it is another
	// one. It must not block. Default: nobody is.
	Expires func(notAfter time.Time)
	Logger  *zap.Logger
}

// Server is the control port. It serves until Close.
type Server struct {
	ln     net.Listener
	http   *http.Server
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// Listen opens the port and serves.
func Listen(ctx context.Context, opts Options) (*Server, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("opening the control port: %w", err)
	}
	files := newStore(opts)
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	errorLog, err := zap.NewStdLogAt(opts.Logger, zap.DebugLevel)
	if err != nil {
		_ = ln.Close()
		return nil, fmt.Errorf("making the log of the control port: %w", err)
	}
	s := &Server{
		ln: ln,
		http: &http.Server{
			Handler:   opts.Handler,
			Protocols: &protocols,
			TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, GetConfigForClient: files.configForClient},
			// Bounds the handshake too. Bodies are bounded by the handler.
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       10 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			HTTP2:             &http.HTTP2Config{SendPingTimeout: 30 * time.Second},
			ErrorLog:          errorLog,
		},
	}
	watching, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.wg.Go(func() { files.watch(watching) })
	s.wg.Go(func() {
		if err := s.http.ServeTLS(ln, "", ""); !errors.Is(err, http.ErrServerClosed) {
			opts.Logger.Error("the control port is not served any more", zap.Error(err))
		}
	})
	return s, nil
}

// Addr is the address that is bound.
func (s *Server) Addr() net.Addr { return s.ln.Addr() }

// Close stops accepting at once, waits until ctx ends for what is being
// answered, and returns when no goroutine of the Server is left.
func (s *Server) Close(ctx context.Context) {
	s.cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // reports the errors of closing connections
	}
	s.wg.Wait()
}
