// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/coder/websocket"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/loopback"
)

// backend has /ws, which echoes messages, and /download, which sends a line for
// each value of the channel.
func backend(t *testing.T) (address string, lines chan<- string) {
	t.Helper()
	download := make(chan string)
	mux := http.NewServeMux()
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	})
	mux.HandleFunc("/download", func(w http.ResponseWriter, r *http.Request) {
		for open := true; open && http.NewResponseController(w).Flush() == nil; {
			var line string
			select {
			case line, open = <-download:
				if open {
					fmt.Fprintln(w, line)
				}
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), download
}

// proxying sends everything at address to the endpoint; id tells versions apart.
func proxying(id, endpoint, address string) *config.Config {
	cfg := serving("", address)
	cfg.Backends = []config.Backend{{ID: "Service/test/a/80", Endpoints: []config.Endpoint{{Address: endpoint}}}}
	cfg.Routes[0].Rules = []config.Rule{
		{Backends: []config.WeightedBackend{{Backend: "Service/test/a/80", Weight: 1}}},
		{
			Matches: []config.Match{{Path: &config.PathMatch{Type: config.Exact, Value: "/version"}}},
			Filters: []config.Filter{{StaticResponse: &config.StaticResponse{Status: 200, Body: []byte(id)}}},
		},
	}
	return cfg
}

func TestReloadKeepsStreams(t *testing.T) {
	endpoint, lines := backend(t)
	address := loopback.FreeAddress(t)
	load(t, App{Config: proxying("0", endpoint, address)})

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://"+address+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	client := newClient(t)
	client.Timeout = 0
	res, err := client.Get("http://" + address + "/download")
	if err == nil && res.StatusCode != http.StatusOK {
		t.Fatalf("status %d", res.StatusCode)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()

	stop := make(chan struct{})
	var sent, failed atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		client := newClient(t)
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				res, err := client.Get("http://" + address + "/")
				sent.Add(1)
				if err != nil {
					failed.Add(1)
					continue
				}
				if body, err := io.ReadAll(res.Body); err != nil || string(body) != "hello" {
					failed.Add(1)
				}
				res.Body.Close()
			}
		})
	}
	for i := range 10 {
		text := fmt.Sprint(i)
		if err := caddy.Load(boot(t, App{Config: proxying(text, endpoint, address)}), true); err != nil {
			t.Fatal(err)
		}
		wantBody(t, address+"/version", text)
		if err := ws.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatalf("the WebSocket after reload %d: %v", i, err)
		}
		if _, got, err := ws.Read(ctx); err != nil || string(got) != text {
			t.Fatalf("the WebSocket after reload %d: %q, %v", i, got, err)
		}
		select {
		case lines <- text:
		case <-time.After(30 * time.Second):
			t.Fatalf("the download ended before reload %d", i)
		}
		line := make([]byte, len(text)+1)
		if _, err := io.ReadFull(res.Body, line); err != nil || string(line) != text+"\n" {
			t.Fatalf("the download after reload %d: %q, %v", i, line, err)
		}
	}
	close(stop)
	wg.Wait()
	if failed.Load() > 0 || sent.Load() == 0 {
		t.Errorf("%d of %d requests failed", failed.Load(), sent.Load())
	}
	close(lines)
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
		t.Errorf("the end of the download: %q, %v", rest, err)
	}
	_ = ws.Close(websocket.StatusNormalClosure, "")
}
