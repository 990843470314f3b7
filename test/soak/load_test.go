// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// requests sends one after the other on each of as many connections.
func (s *site) requests(connections int) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
		defer client.CloseIdleConnections()
		return hammer(ctx, connections, client, "http://"+s.http+"/", webHost)
	}
}

// tlsRequests opens a connection for each request, so that every handshake meets
// the certificates of its moment.
func (s *site) tlsRequests(connections int) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) {
		client := &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: s.tlsCA.Pool(), ServerName: tlsHost, MinVersion: tls.VersionTLS12},
		}}
		return hammer(ctx, connections, client, "https://"+s.https+"/", tlsHost)
	}
}

// hammer counts the right answers until ctx ends and stops at the first that is
// not. Requests under way when ctx ends are let finish.
func hammer(ctx context.Context, connections int, client *http.Client, url, host string) (int64, error) {
	var n atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, connections)
	for range connections {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := get(client, url, host); err != nil {
					errs <- err
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	close(errs)
	return n.Load(), <-errs
}

func get(client *http.Client, url, host string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Host = host
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || string(body) != answer {
		return fmt.Errorf("%s: %q", resp.Status, body)
	}
	return nil
}

// webSocket keeps one connection and counts the echoes.
func (s *site) webSocket(ctx context.Context) (int64, error) {
	// The connection has to outlive ctx: only the loop ends with it.
	open := context.Background()
	c, _, err := websocket.Dial(open, "ws://"+s.http+"/ws", &websocket.DialOptions{Host: webHost})
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.CloseNow() }()
	for n := int64(0); ; n++ {
		if ended(ctx, 10*time.Millisecond) {
			return n, c.Close(websocket.StatusNormalClosure, "")
		}
		text := strconv.FormatInt(n, 10)
		if err := c.Write(open, websocket.MessageText, []byte(text)); err != nil {
			return n, err
		}
		_, echo, err := c.Read(open)
		if err != nil {
			return n, err
		}
		if string(echo) != text {
			return n, fmt.Errorf("sent %q, got %q", text, echo)
		}
	}
}

// grpcStream keeps one bidirectional call and counts the messages that return.
func (s *site) grpcStream(ctx context.Context) (int64, error) {
	conn, err := grpc.NewClient("passthrough:///"+s.http, grpc.WithAuthority(grpcHost), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	open, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := testgrpc.NewTestServiceClient(conn).FullDuplexCall(open)
	if err != nil {
		return 0, err
	}
	for n := int64(0); ; n++ {
		if ended(ctx, 10*time.Millisecond) {
			return n, closeStream(stream)
		}
		text := strconv.AppendInt(nil, n, 10)
		if err := stream.Send(&testgrpc.StreamingOutputCallRequest{Payload: &testgrpc.Payload{Body: text}}); err != nil {
			return n, err
		}
		in, err := stream.Recv()
		if err != nil {
			return n, err
		}
		if !bytes.Equal(in.GetPayload().GetBody(), text) {
			return n, fmt.Errorf("sent %q, got %q", text, in.GetPayload().GetBody())
		}
	}
}

func closeStream(stream testgrpc.TestService_FullDuplexCallClient) error {
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the call ended with %v", err)
	}
	return nil
}

// download counts the bytes of one response that lasts as long as the changes.
func (s *site) download(context.Context) (int64, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+s.http+"/download", nil)
	if err != nil {
		return 0, err
	}
	req.Host = webHost
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && n != s.backends.size {
		err = fmt.Errorf("got %d bytes of %d", n, s.backends.size)
	}
	return n, err
}

// ended waits and says whether ctx is done.
func ended(ctx context.Context, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(wait):
		return false
	}
}

var (
	wrkRequests = regexp.MustCompile(`(?m)^\s*(\d+) requests in`)
	wrkErrors   = regexp.MustCompile(`(?m)^\s*(Socket errors:.*|Non-2xx or 3xx responses:.*)$`)
)

// wrk runs the load generator of that name with 64 connections and reads its report.
func (s *site) wrk(_ context.Context, path string, last time.Duration) (int64, error) {
	seconds := max(1, int(last.Seconds()))
	out, err := exec.Command(path, "-c", "64", "-t", "2", "-d", strconv.Itoa(seconds)+"s",
		"-H", "Host: "+webHost, "http://"+s.http+"/").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	if bad := wrkErrors.FindAllString(string(out), -1); bad != nil {
		return 0, fmt.Errorf("wrk: %s", strings.Join(bad, "; "))
	}
	m := wrkRequests.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("no count in the report of wrk: %s", out)
	}
	return strconv.ParseInt(string(m[1]), 10, 64)
}
