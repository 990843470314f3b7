// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// grpcApp is a gRPC service that echoes.
type grpcApp struct {
	grpc_testing.UnimplementedTestServiceServer
}

func (*grpcApp) UnaryCall(ctx context.Context, in *grpc_testing.SimpleRequest) (*grpc_testing.SimpleResponse, error) {
	grpc.SetTrailer(ctx, metadata.Pairs("x-end", "yes"))
	if s := in.GetResponseStatus(); s != nil {
		return nil, status.Error(codes.Code(s.GetCode()), s.GetMessage())
	}
	return &grpc_testing.SimpleResponse{Payload: in.GetPayload()}, nil
}

func (*grpcApp) FullDuplexCall(stream grpc_testing.TestService_FullDuplexCallServer) error {
	for {
		in, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&grpc_testing.StreamingOutputCallResponse{Payload: in.GetPayload()}); err != nil {
			return err
		}
	}
}

// newGRPC returns a client whose calls go through a gateway.
func newGRPC(t *testing.T, change ...func(*config.Config)) (grpc_testing.TestServiceClient, *gatewayFixture) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	grpc_testing.RegisterTestServiceServer(server, &grpcApp{})
	done := make(chan error)
	go func() { done <- server.Serve(ln) }()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	cfg := oneBackend(ln.Addr().String(), config.BackendHTTP2)
	for _, f := range change {
		f(cfg)
	}
	gw := newGateway(t, cfg)
	conn, err := grpc.NewClient("passthrough:///"+gw.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return grpc_testing.NewTestServiceClient(conn), gw
}

func TestGRPCUnary(t *testing.T) {
	client, _ := newGRPC(t)
	for _, size := range []int{0, 10, 1 << 20} {
		var trailer metadata.MD
		out, err := client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{
			Payload: &grpc_testing.Payload{Body: []byte(bigText(size))},
		}, grpc.Trailer(&trailer))
		if err != nil {
			t.Fatal(err)
		}
		if len(out.GetPayload().GetBody()) != size || fmt.Sprint(trailer["x-end"]) != "[yes]" {
			t.Errorf("%d bytes came back as %d, trailer %v", size, len(out.GetPayload().GetBody()), trailer)
		}
	}
	_, err := client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{
		ResponseStatus: &grpc_testing.EchoStatus{Code: int32(codes.AlreadyExists), Message: "twice"},
	})
	if s := status.Convert(err); s.Code() != codes.AlreadyExists || s.Message() != "twice" {
		t.Errorf("status %v", s)
	}
	_, err = client.EmptyCall(t.Context(), &grpc_testing.Empty{})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("unknown method: %v", err)
	}
}

// TestGRPCBidi also changes the configuration under the open stream.
func TestGRPCBidi(t *testing.T) {
	client, gw := newGRPC(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := client.FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if i == 50 {
			gw.apply(t, oneRule(config.Rule{ErrorStatus: 500}))
		}
		text := fmt.Sprint("message ", i)
		if err := stream.Send(&grpc_testing.StreamingOutputCallRequest{Payload: &grpc_testing.Payload{Body: []byte(text)}}); err != nil {
			t.Fatal(err)
		}
		out, err := stream.Recv()
		if err != nil || string(out.GetPayload().GetBody()) != text {
			t.Fatalf("message %d came back as %q, %v", i, out.GetPayload().GetBody(), err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}
