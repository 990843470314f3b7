// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/kubera-dev/kubera/test/loopback"
)

// A request that is made while the API server is away is answered when it is back, and
// what is logged is that, once each.
func TestAPIServerComesBack(t *testing.T) {
	logged := make(chan string, 10)
	dialer := apiServerDialer{log: funcr.New(func(_, args string) { logged <- args }, funcr.Options{})}
	address := loopback.FreeAddress(t)
	client, err := discovery.NewDiscoveryClientForConfig(&rest.Config{Host: "http://" + address, Dial: dialer.DialContext})
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan error, 3)
	for range cap(answers) {
		go func() { answers <- client.RESTClient().Get().AbsPath("/readyz").Do(t.Context()).Error() }()
	}
	if line := <-logged; !strings.Contains(line, address) || !strings.Contains(line, "connection refused") {
		t.Errorf("logged %s", line)
	}

	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Listener.Close()
	server.Listener = ln
	server.Start()
	t.Cleanup(server.Close)
	for range cap(answers) {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	if line := <-logged; !strings.Contains(line, "is back") {
		t.Errorf("logged %s", line)
	}
	if len(logged) > 0 {
		t.Errorf("logged %s, too", <-logged)
	}
}

// What a manager reads by is such a dialer, which is told by what it logs.
func TestOperateWaitsForTheAPIServer(t *testing.T) {
	away := make(chan struct{})
	var once sync.Once
	log := funcr.New(func(_, args string) {
		if strings.Contains(args, "is tried again and again") {
			once.Do(func() { close(away) })
		}
	}, funcr.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- operate(ctx, operation{
			config: &rest.Config{Host: "http://" + loopback.FreeAddress(t)}, probes: &probes{}, log: log,
			flags: flags{namespace: "n", proxyImage: "p", controllerName: "example.com/c", metricsAddress: "0"},
		})
	}()
	select {
	case <-away:
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("it does not try again and again")
	}
	cancel()
	<-ended // with what could not begin, or with nothing
}

func TestNobodyWaitsForTheAPIServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := (&apiServerDialer{log: logr.Discard()}).DialContext(ctx, "tcp", loopback.FreeAddress(t))
		failed <- err
	}()
	select {
	case err := <-failed:
		t.Fatalf("gave up with %v", err)
	case <-time.After(2 * dialInterval):
	}
	cancel()
	if err := <-failed; !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
