// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
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

// signalled sends itself the second signal as soon as the first was noticed, and
// returns if it survives that.
func signalled() int {
	ctx, stop := untilSignal()
	defer stop()
	for range 2 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			return 2
		}
		<-ctx.Done()
	}
	time.Sleep(10 * time.Second)
	return 1
}

// TestSecondSignalIsNeverLost, however soon after the first it comes. Several
// processes, because they are lucky at times.
func TestSecondSignalIsNeverLost(t *testing.T) {
	for range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asSignalled+"=1")
		_ = cmd.Run() // the state says how it ended
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
			t.Fatalf("ended with %v, want by the second signal", cmd.ProcessState)
		}
	}
}
