// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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

func TestServeWithoutCRDs(t *testing.T) {
	api := httptest.NewServer(http.NotFoundHandler())
	defer api.Close()
	err := serve(t.Context(), &rest.Config{Host: api.URL}, flags{namespace: "n", proxyImage: "p"})
	for _, want := range []string{"HTTPRoute", "install the CRDs of the Gateway API", "make install"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
}

func TestServeWithoutAPIServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := serve(ctx, &rest.Config{Host: "http://" + loopback.FreeAddress(t)}, flags{namespace: "n", proxyImage: "p"})
	if err == nil || !strings.Contains(err.Error(), "ask the API server") {
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
