// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// backends are the servers behind the proxy.
type backends struct {
	// Of several addresses all but the first come and go.
	web  []string // answers, upgrades to WebSocket at /ws, sends bytes at /download
	grpc string   // h2c
	tcp  []string // says what it hears
	tls  string   // sends bytes as soon as the handshake is over
	udp  []string // says what it hears
	size int64
}

const answer = "the answer to every request"

// startBackends serves until the test ends. A download of size bytes is paced to
// last about as long as the changes.
func startBackends(t *testing.T, size int64, last time.Duration) *backends {
	t.Helper()
	b := &backends{size: size}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
	mux.HandleFunc("/ws", echoWebSocket)
	mux.HandleFunc("/download", func(w http.ResponseWriter, r *http.Request) { paced(w, r, size, last) })
	serve := func() string {
		s := httptest.NewServer(mux)
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	b.web = []string{serve(), serve(), serve()}
	b.serveStreams(t, last)

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	testgrpc.RegisterTestServiceServer(s, echoGRPC{})
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(s.Stop)
	b.grpc = ln.Addr().String()
	return b
}

func echoWebSocket(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	for {
		kind, p, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), kind, p); err != nil {
			return
		}
	}
}

// paced sends size bytes in a hundred parts over the time.
func paced(w http.ResponseWriter, r *http.Request, size int64, last time.Duration) {
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	pace(r.Context(), last, func(part, parts int64) error {
		if _, err := io.CopyN(w, zeros{}, size*(part+1)/parts-size*part/parts); err != nil {
			return err
		}
		return http.NewResponseController(w).Flush()
	})
}

// pace sends in a hundred parts over the time, until ctx or a part fails.
func pace(ctx context.Context, last time.Duration, send func(part, parts int64) error) {
	const parts = 100
	tick := time.NewTicker(last / parts)
	defer tick.Stop()
	for part := range int64(parts) {
		if send(part, parts) != nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

type echoGRPC struct {
	testgrpc.UnimplementedTestServiceServer
}

func (echoGRPC) FullDuplexCall(s testgrpc.TestService_FullDuplexCallServer) error {
	for {
		in, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Send(&testgrpc.StreamingOutputCallResponse{Payload: in.GetPayload()}); err != nil {
			return err
		}
	}
}
