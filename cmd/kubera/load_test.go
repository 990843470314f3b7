// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load is clients that send requests to the quickstart, of which none may fail.
type load struct {
	stop               chan struct{}
	clients            sync.WaitGroup
	requests, failures atomic.Int64
	first              atomic.Value // failure
}

func startLoad(t *testing.T, base string) *load {
	t.Helper()
	l := &load{stop: make(chan struct{})}
	for i := range 4 {
		l.clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: i == 0}}
			defer client.CloseIdleConnections()
			for n := 0; ; n++ {
				select {
				case <-l.stop:
					return
				default:
				}
				path := []string{"/", "/hello", "/split", "/api/x"}[n%4]
				l.requests.Add(1)
				if err := get(client, base+path); err != nil {
					l.failures.Add(1)
					l.first.CompareAndSwap(nil, fmt.Sprintf("%s: %v", path, err))
				}
			}
		})
	}
	return l
}

// assertNoneFailed ends the load, which is not before enough was sent to tell.
func (l *load) assertNoneFailed(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(patience); l.requests.Load() < 100 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	close(l.stop)
	l.clients.Wait()
	if n := l.failures.Load(); n > 0 {
		t.Errorf("%d of %d requests failed, the first: %v", n, l.requests.Load(), l.first.Load())
	}
	if l.requests.Load() < 100 {
		t.Errorf("only %d requests were sent", l.requests.Load())
	}
}

func get(client *http.Client, url string) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	return err
}

// TestBrokenGatewayLosesNoRequest breaks the Gateway that takes the load, in ways
// that leave its object well-formed, and mends it again.
func TestBrokenGatewayLosesNoRequest(t *testing.T) {
	q := copyQuickstart(t)
	p := start(t, q.flags...)
	p.out.await(t, 0, "listener default/web/http:")
	const name = "gateway.yaml"
	gateway := q.read(t, name)
	requests := startLoad(t, "http://127.0.0.1:"+strconv.Itoa(q.port))
	for round := range 3 {
		for _, change := range []struct{ from, to, want string }{
			{"port: 80", "port: 19090", "port 19090 is used by the proxies themselves"},
			{"gatewayClassName: kubera", "gatewayClassName: kubera\n  infrastructure:\n    parametersRef: {group: gateway.kubera.dev, kind: GatewayParameters, name: none}", "none does not exist"},
			{"gatewayClassName: kubera", "gatewayClassName: cubera", "GatewayClass cubera is not in the files"},
		} {
			broken := strings.Replace(gateway, change.from, change.to, 1)
			if broken == gateway {
				t.Fatalf("%s has no %q", name, change.from)
			}
			errs := p.err.length()
			q.write(t, name, broken)
			p.err.await(t, errs, change.want)
			p.err.await(t, errs, "Gateway default/web: served as it was before")
			// Something else changes meanwhile, and is applied.
			out := p.out.length()
			q.write(t, "more.yaml", strings.Replace(extraListener, "name: other", "name: other"+strconv.Itoa(round), 1))
			p.out.await(t, out, "Gateway default/other"+strconv.Itoa(round)+" added")
			out = p.out.length()
			q.write(t, name, gateway)
			p.out.await(t, out, "Gateway default/web changed")
			out = p.out.length()
			if err := os.Remove(filepath.Join(q.dir, "more.yaml")); err != nil {
				t.Fatal(err)
			}
			p.out.await(t, out, "removed")
		}
	}
	requests.assertNoneFailed(t)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestWritingInPlaceLosesNoRequest truncates the files one after the other, as editors
// and shells do, and writes them only after they were read empty. What is written has
// a change, so that it is seen to be applied.
func TestWritingInPlaceLosesNoRequest(t *testing.T) {
	q := copyQuickstart(t)
	p := start(t, q.flags...)
	p.out.await(t, 0, "listener default/web/http:")
	requests := startLoad(t, "http://127.0.0.1:"+strconv.Itoa(q.port))
	for _, name := range []string{"gateway.yaml", "app.yaml", "hello.yaml", "backends.yaml"} {
		text := q.read(t, name)
		for round := range 3 {
			path := filepath.Join(q.dir, name)
			errs, out := p.err.length(), p.out.length()
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
			p.err.await(t, errs, path+": the file is empty: delete it to take its objects out")
			marker := "m" + strconv.Itoa(round)
			q.write(t, name, text+"\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: "+marker+"}}\n")
			p.out.await(t, out, "ConfigMap default/"+marker+" added")
		}
		// Without the last marker, before another file has it.
		out := p.out.length()
		q.write(t, name, text)
		p.out.await(t, out, "removed")
	}
	requests.assertNoneFailed(t)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
