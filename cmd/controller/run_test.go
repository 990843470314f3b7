// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kubera-dev/kubera/test/loopback"
)

func parseFlags(t *testing.T, args ...string) flags {
	t.Helper()
	var f flags
	set := flag.NewFlagSet("kubera-controller", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	f.register(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFlags(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "kubera-system")
	t.Setenv("PROXY_IMAGE", "proxy:1")
	f := parseFlags(t)
	if f.namespace != "kubera-system" || f.proxyImage != "proxy:1" || f.controllerName != "kubera.dev/gateway-controller" {
		t.Errorf("defaults %+v", f)
	}
	if f.metricsAddress != "0" || !f.metricsSecure || f.probeAddress != ":8081" || f.leaderElect || f.enableHTTP2 {
		t.Errorf("defaults %+v", f)
	}
	f = parseFlags(t, "--namespace=other", "--proxy-image=proxy:2", "--leader-elect")
	if f.namespace != "other" || f.proxyImage != "proxy:2" || !f.leaderElect {
		t.Errorf("a flag does not win over the environment: %+v", f)
	}
}

func TestRunNamesWhatIsMissing(t *testing.T) {
	for _, tc := range []struct {
		f    flags
		want string
	}{
		{flags{proxyImage: "p"}, "--namespace"},
		{flags{namespace: "n"}, "--proxy-image"},
	} {
		if err := run(t.Context(), tc.f); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want one about %s", err, tc.want)
		}
	}
}

// serveUntil serves with the API server at a host until the probe says what is wanted,
// and gives what serve returned then.
func serveUntil(t *testing.T, host string, want ...string) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := flags{namespace: "n", proxyImage: "p", probeAddress: loopback.FreeAddress(t)}
	done := make(chan error, 1)
	go func() { done <- serve(ctx, &rest.Config{Host: host}, f) }()
	var answer string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-done:
			t.Fatalf("it ended: %v", err)
		default:
		}
		answer = probe(t, f.probeAddress, "/readyz")
		missing := slices.DeleteFunc(slices.Clone(want), func(part string) bool { return strings.Contains(answer, part) })
		if len(missing) == 0 {
			if alive := probe(t, f.probeAddress, "/healthz"); alive != "200 ok" {
				t.Errorf("/healthz answers %q", alive)
			}
			cancel()
			return <-done
		}
	}
	t.Fatalf("/readyz answers %q, want it to say %q", answer, want)
	return nil
}

func TestServeWithoutCRDs(t *testing.T) {
	api := httptest.NewServer(http.NotFoundHandler())
	defer api.Close()
	err := serveUntil(t, api.URL, "503 not ready", "GatewayClass, Gateway, HTTPRoute of gateway.networking.k8s.io/v1", "kubectl apply",
		"gateway.kubera.dev/v1alpha1", "make install")
	if err != nil {
		t.Errorf("it ended with %v when it was told to", err)
	}
}

func TestServeWithoutAPIServer(t *testing.T) {
	if err := serveUntil(t, "http://"+loopback.FreeAddress(t), "503 not ready", "ask the API server"); err != nil {
		t.Errorf("it ended with %v when it was told to", err)
	}
}

func TestServeWithoutItsPort(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	err = serve(t.Context(), &rest.Config{}, flags{namespace: "n", proxyImage: "p", probeAddress: ln.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "--health-probe-bind-address") {
		t.Errorf("got %v", err)
	}
}

func TestMetricsOptions(t *testing.T) {
	secure := metricsOptions(parseFlags(t, "--metrics-bind-address=:8443"))
	if !secure.SecureServing || secure.FilterProvider == nil || secure.BindAddress != ":8443" {
		t.Errorf("anybody may read the metrics: %+v", secure)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	for _, change := range secure.TLSOpts {
		change(c)
	}
	if len(c.NextProtos) != 1 || c.NextProtos[0] != "http/1.1" {
		t.Errorf("HTTP/2 is on: %v", c.NextProtos)
	}
	plain := metricsOptions(parseFlags(t, "--metrics-secure=false", "--enable-http2"))
	if plain.SecureServing || plain.FilterProvider != nil || len(plain.TLSOpts) != 0 {
		t.Errorf("got %+v", plain)
	}
}
