// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// held is a Gateway on port 80 with a backend that is given.
const held = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: kubera
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: app}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: app, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: app}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: app, labels: {kubernetes.io/service-name: app}}
addressType: IPv4
ports: [{port: %d}]
endpoints: [{addresses: [127.0.0.1]}]
`

// TestSecondSignalEndsAtOnce: the first signal waits for the request that is under
// way, for an hour; the second one doesn't.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			arrived, release := make(chan struct{}), make(chan struct{})
			backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				close(arrived)
				<-release
			}))
			defer backend.Close()
			defer close(release)

			file := filepath.Join(t.TempDir(), "a.yaml")
			if err := os.WriteFile(file, fmt.Appendf(nil, held, backend.Listener.Addr().(*net.TCPAddr).Port), 0o644); err != nil {
				t.Fatal(err)
			}
			offset := freeOffset(t, 80)
			p := start(t, "run", "-f", file, "--port-offset", strconv.Itoa(offset), "--drain-timeout", "1h")
			p.out.await(t, 0, "listener default/web/http:")

			failed := make(chan error, 1)
			go func() {
				failed <- get(&http.Client{Transport: &http.Transport{}}, "http://127.0.0.1:"+strconv.Itoa(80+offset)+"/")
			}()
			<-arrived
			signalTo(t, p, sig)
			p.out.await(t, 0, "Stopping, requests get 1h")
			select {
			case <-p.exited:
				t.Fatal("the first signal did not wait for the request")
			case err := <-failed:
				t.Fatalf("the first signal ended the request: %v", err)
			default:
			}
			signalTo(t, p, sig)
			p.wait()
			status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !ok || !status.Signaled() || status.Signal() != sig {
				t.Errorf("ended with %v, want by %v", p.cmd.ProcessState, sig)
			}
			if err := <-failed; err == nil {
				t.Error("the request was answered")
			}
		})
	}
}

func signalTo(t *testing.T, p *process, sig os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}
