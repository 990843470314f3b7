// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
)

// calls is a gRPC service that echoes, and tells how its calls end.
type calls struct {
	grpc_testing.UnimplementedTestServiceServer
	begun chan struct{}
	ended chan error // of the context of a streaming call
}

func (*calls) UnaryCall(ctx context.Context, in *grpc_testing.SimpleRequest) (*grpc_testing.SimpleResponse, error) {
	if in.GetFillUsername() { // asks for silence
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	_ = grpc.SetTrailer(ctx, metadata.Pairs("x-end", "yes"))
	if s := in.GetResponseStatus(); s != nil {
		return nil, status.Error(codes.Code(s.GetCode()), s.GetMessage())
	}
	return &grpc_testing.SimpleResponse{Payload: in.GetPayload()}, nil
}

func (c *calls) FullDuplexCall(stream grpc_testing.TestService_FullDuplexCallServer) error {
	if m, _ := metadata.FromIncomingContext(stream.Context()); len(m["x-refuse"]) > 0 {
		return status.Error(codes.FailedPrecondition, "refused")
	}
	c.begun <- struct{}{}
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			<-stream.Context().Done()
			c.ended <- stream.Context().Err()
			return err
		}
		if err := stream.Send(&grpc_testing.StreamingOutputCallResponse{Payload: in.GetPayload()}); err != nil {
			return err
		}
		if in.GetPayload() == nil { // asks for an end
			return status.Error(codes.OutOfRange, "ended")
		}
	}
}

// caller makes calls by a gateway to a backend that says nothing of its protocol.
type caller struct {
	grpc_testing.TestServiceClient
	backend *calls
	server  *grpc.Server
	gateway *gateway
	config  *config.Config
}

// eachListener tests calls by the listeners that calls can come by.
func eachListener(t *testing.T, test func(t *testing.T, c *caller)) {
	t.Run("HTTP", func(t *testing.T) { test(t, newCaller(t, insecure.NewCredentials())) })
	t.Run("HTTPS", func(t *testing.T) {
		ca := certtest.NewCA(t, "ca")
		test(t, newCaller(t, credentials.NewClientTLSFromCert(ca.Pool(), "a.example"), verifyingClients(ca.Issue("server", "a.example"))))
	})
}

func newCaller(t *testing.T, creds credentials.TransportCredentials, change ...func(*config.Config)) *caller {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{backend: &calls{begun: make(chan struct{}, 8), ended: make(chan error, 8)}, server: grpc.NewServer()}
	grpc_testing.RegisterTestServiceServer(c.server, c.backend)
	done := make(chan error, 1)
	go func() { done <- c.server.Serve(ln) }()
	t.Cleanup(func() {
		c.server.Stop()
		<-done
	})
	c.config = site(t, ln.Addr().String(), append(change, ofGRPC)...)
	c.gateway = newGateway(t, c.config)
	conn, err := grpc.NewClient("passthrough:///"+c.gateway.address, grpc.WithTransportCredentials(creds), grpc.WithAuthority("a.example"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c.TestServiceClient = grpc_testing.NewTestServiceClient(conn)
	return c
}

// ofGRPC makes the route one for the methods of the service.
func ofGRPC(cfg *config.Config) {
	cfg.Routes[0].Protocol = config.RouteGRPC
	cfg.Routes[0].Rules[0].Matches = []config.Match{{Path: &config.PathMatch{Type: config.Service, Value: "/grpc.testing.TestService"}}}
}

func payload(text string) *grpc_testing.Payload { return &grpc_testing.Payload{Body: []byte(text)} }

func wantStatus(t *testing.T, what string, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestCalls(t *testing.T) {
	eachListener(t, func(t *testing.T, c *caller) {
		var trailer metadata.MD
		out, err := c.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{Payload: payload("hello")}, grpc.Trailer(&trailer))
		if err != nil || string(out.GetPayload().GetBody()) != "hello" || fmt.Sprint(trailer["x-end"]) != "[yes]" {
			t.Errorf("unary: %v, trailer %v, %v", out, trailer, err)
		}
		_, err = c.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{
			ResponseStatus: &grpc_testing.EchoStatus{Code: int32(codes.DataLoss), Message: "100 %, später"},
		})
		if s := status.Convert(err); s.Code() != codes.DataLoss || s.Message() != "100 %, später" {
			t.Errorf("a status of the backend: %v", s)
		}
		_, err = c.EmptyCall(t.Context(), &grpc_testing.Empty{})
		wantStatus(t, "a method that the backend does not have", err, codes.Unimplemented)

		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err = c.UnaryCall(short, &grpc_testing.SimpleRequest{FillUsername: true})
		wantStatus(t, "deadline", err, codes.DeadlineExceeded)
	})
}

func TestStreamingCalls(t *testing.T) {
	eachListener(t, func(t *testing.T, c *caller) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stream, err := c.FullDuplexCall(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			text := fmt.Sprint("message ", i)
			if err := stream.Send(&grpc_testing.StreamingOutputCallRequest{Payload: payload(text)}); err != nil {
				t.Fatal(err)
			}
			if out, err := stream.Recv(); err != nil || string(out.GetPayload().GetBody()) != text {
				t.Fatalf("message %d came back as %v, %v", i, out, err)
			}
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
	})
}

// TestCallsThatBackendsEnd while clients have said neither all nor that it was all.
func TestCallsThatBackendsEnd(t *testing.T) {
	eachListener(t, func(t *testing.T, c *caller) {
		stream, err := c.FullDuplexCall(metadata.AppendToOutgoingContext(t.Context(), "x-refuse", "yes"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = stream.Recv()
		wantStatus(t, "refused", err, codes.FailedPrecondition)

		if stream, err = c.FullDuplexCall(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-c.backend.begun
		if err := stream.Send(&grpc_testing.StreamingOutputCallRequest{}); err != nil {
			t.Fatal(err)
		}
		if _, err = stream.Recv(); err != nil {
			t.Fatal(err)
		}
		_, err = stream.Recv()
		wantStatus(t, "ended", err, codes.OutOfRange)
	})
}

// TestCancellation passes from clients to backends, before and after a response has
// begun, with and without a deadline.
func TestCancellation(t *testing.T) {
	eachListener(t, func(t *testing.T, c *caller) {
		for _, exchanged := range []int{0, 1} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			stream, err := c.FullDuplexCall(ctx)
			if err != nil {
				t.Fatal(err)
			}
			<-c.backend.begun
			for range exchanged {
				if err := stream.Send(&grpc_testing.StreamingOutputCallRequest{Payload: payload("hello")}); err != nil {
					t.Fatal(err)
				}
				if _, err := stream.Recv(); err != nil {
					t.Fatal(err)
				}
			}
			cancel()
			_, err = stream.Recv()
			wantStatus(t, "canceled", err, codes.Canceled)
			if err := <-c.backend.ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the call of the backend ends with %v", err)
			}
		}
	})
}

// TestUnavailable loses the endpoint, then the backend, then the route.
func TestUnavailable(t *testing.T) {
	eachListener(t, func(t *testing.T, c *caller) {
		unary := func() error {
			_, err := c.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{})
			return err
		}
		stream, err := c.FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		<-c.backend.begun
		c.server.Stop()
		_, err = stream.Recv()
		wantStatus(t, "a stream whose backend is gone", err, codes.Unavailable)
		wantStatus(t, "a backend that is gone", unary(), codes.Unavailable)
		c.config.Backends[0].Endpoints = nil
		c.apply(t)
		wantStatus(t, "no endpoints", unary(), codes.Unavailable)
		c.config.Routes[0].Rules[0].Backends[0].Backend = ""
		c.apply(t)
		wantStatus(t, "no backend", unary(), codes.Unavailable)
		c.config.Routes[0].Rules[0].Matches[0].Path.Value = "/another"
		c.apply(t)
		wantStatus(t, "no route", unary(), codes.Unimplemented)
	})
}

func (c *caller) apply(t *testing.T) {
	t.Helper()
	c.config.Version = ""
	if err := c.gateway.runtime.Apply(t.Context(), c.config); err != nil {
		t.Fatal(err)
	}
}

// TestStatusesPassTwoGateways, of which the first gets from the second what says both
// that it has ended and that its body is empty.
func TestStatusesPassTwoGateways(t *testing.T) {
	c := newCaller(t, insecure.NewCredentials())
	front := newGateway(t, site(t, c.gateway.address, ofGRPC))
	conn, err := grpc.NewClient("passthrough:///"+front.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := grpc_testing.NewTestServiceClient(conn)
	if _, err := client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{}); err != nil {
		t.Error(err)
	}
	_, err = client.EmptyCall(t.Context(), &grpc_testing.Empty{})
	wantStatus(t, "a method that the backend does not have", err, codes.Unimplemented)
	c.config.Backends[0].Endpoints = nil
	c.apply(t)
	_, err = client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{})
	wantStatus(t, "no endpoints", err, codes.Unavailable)
}

// TestPingsOfClients are answered while a stream is silent, and never held against them.
func TestPingsOfClients(t *testing.T) {
	c := newCaller(t, insecure.NewCredentials())
	conn := dialH2(t, c.gateway.address)
	id := conn.request(false, ":method", "POST", ":scheme", "http", ":authority", "a.example",
		":path", "/grpc.testing.TestService/FullDuplexCall", "content-type", "application/grpc", "te", "trailers")
	<-c.backend.begun
	for i := range 1000 {
		if err := conn.WritePing(false, [8]byte{byte(i), byte(i >> 8)}); err != nil {
			t.Fatal(err)
		}
	}
	for answered := 0; answered < 1000; {
		frame, err := conn.ReadFrame()
		if err != nil {
			t.Fatalf("after %d answers: %v", answered, err)
		}
		switch frame := frame.(type) {
		case *http2.PingFrame:
			if frame.IsAck() {
				answered++
			}
		case *http2.GoAwayFrame, *http2.RSTStreamFrame:
			t.Fatalf("after %d answers: %v", answered, frame)
		}
	}
	if err := conn.WriteData(id, true, nil); err != nil {
		t.Fatal(err)
	}
	if got := conn.status(id); got != "200" {
		t.Errorf("the call ends with %s", got)
	}
}
