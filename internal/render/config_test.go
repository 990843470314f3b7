// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// model is a Gateway with one HTTP listener on each port.
func model(name string, ports ...int32) *gatewayapi.Gateway {
	g := &gatewayapi.Gateway{
		Object:   &gwv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}},
		Accepted: true,
	}
	for i, port := range ports {
		g.Listeners = append(g.Listeners, &gatewayapi.Listener{Name: string(rune('a' + i)), Port: port, Protocol: config.HTTP})
	}
	return g
}

func TestAddresses(t *testing.T) {
	hosts := map[types.NamespacedName]string{{Namespace: "default", Name: "web"}: "127.0.0.2"}
	v6 := map[types.NamespacedName]string{{Namespace: "default", Name: "web"}: "::1"}
	for _, tc := range []struct {
		name    string
		port    int32
		options Options
		want    string
	}{
		{"default", 80, Options{}, ""},
		{"offset", 80, Options{PortOffset: 8000}, ":8080"},
		{"offset that leaves the range", 65000, Options{PortOffset: 8000}, ""},
		{"host", 80, Options{Hosts: hosts}, "127.0.0.2:80"},
		{"host and offset", 443, Options{Hosts: hosts, PortOffset: 8000}, "127.0.0.2:8443"},
		{"IPv6", 80, Options{Hosts: v6}, "[::1]:80"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := Config([]*gatewayapi.Gateway{model("web", tc.port)}, tc.options)
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			if l := c.Listeners[0]; l.Address != tc.want || l.Port != tc.port {
				t.Errorf("address %q, port %d; want %q, %d", l.Address, l.Port, tc.want, tc.port)
			}
		})
	}
}

// TestSeveralGateways renders a route that two Gateways have, and a Gateway that is
// rejected.
func TestSeveralGateways(t *testing.T) {
	one, two, rejected := model("one", 80), model("two", 81), model("rejected", 82)
	rejected.Accepted = false
	backend := &gatewayapi.Backend{Service: types.NamespacedName{Namespace: "default", Name: "echo"}, Port: 8080, Protocol: config.BackendHTTP}
	rules := []*gatewayapi.Rule{{Backends: []gatewayapi.Share{{Backend: backend, Weight: 1}, {Weight: 2}}}}
	for _, g := range []*gatewayapi.Gateway{one, two} {
		g.Backends = []*gatewayapi.Backend{backend}
		g.Routes = []*gatewayapi.Route{{
			Kind: "HTTPRoute", Name: types.NamespacedName{Namespace: "default", Name: "shared"},
			Created: time.Unix(7, 0), Rules: rules,
			Attachments: []gatewayapi.Attachment{{Listener: g.Listeners[0], Hostnames: []string{"a.example.com"}}},
		}}
	}
	want := &config.Config{
		LogLevel: "warn",
		Gateways: []config.Gateway{{ID: "default/one"}, {ID: "default/two"}},
		Listeners: []config.Listener{
			{ID: "default/one/a", Gateway: "default/one", Protocol: config.HTTP, Port: 80},
			{ID: "default/two/a", Gateway: "default/two", Protocol: config.HTTP, Port: 81},
		},
		Routes: []config.Route{{
			ID: "HTTPRoute/default/shared", Created: 7,
			Attachments: []config.Attachment{
				{Listener: "default/one/a", Hostnames: []string{"a.example.com"}},
				{Listener: "default/two/a", Hostnames: []string{"a.example.com"}},
			},
			Rules: []config.Rule{{Backends: []config.WeightedBackend{{Backend: "Service/default/echo/8080", Weight: 1}, {Weight: 2}}}},
		}},
		Backends: []config.Backend{{ID: "Service/default/echo/8080"}},
	}
	config.Seal(want)
	got := Config([]*gatewayapi.Gateway{two, rejected, one}, Options{LogLevel: "warn"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Config() differs (-want +got):\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

// TestCertificates has one Secret at two listeners, and twice at one of them.
func TestCertificates(t *testing.T) {
	certificate := &gatewayapi.Certificate{Secret: types.NamespacedName{Namespace: "default", Name: "cert"}, Chain: "chain", Key: "key"}
	g := model("web", 443, 8443, 9443)
	for _, l := range g.Listeners {
		l.Protocol = config.HTTPS
	}
	g.Listeners[0].Certificates = []*gatewayapi.Certificate{certificate, certificate}
	g.Listeners[1].Certificates = []*gatewayapi.Certificate{certificate}
	c := Config([]*gatewayapi.Gateway{g}, Options{})
	id := []string{"Secret/default/cert"}
	if diff := cmp.Diff([]config.Certificate{{ID: id[0], Chain: "chain", Key: "key"}}, c.Certificates); diff != "" {
		t.Errorf("certificates differ (-want +got):\n%s", diff)
	}
	for i, want := range [][]string{id, id, nil} {
		if c.Listeners[i].TLS == nil {
			t.Fatalf("listener %d has no TLS", i)
		}
		if diff := cmp.Diff(want, c.Listeners[i].TLS.Certificates); diff != "" {
			t.Errorf("certificates of listener %d differ (-want +got):\n%s", i, diff)
		}
	}
}

// TestVersion changes with the content, and not with endpoints.
func TestVersion(t *testing.T) {
	version := func(change func(*gatewayapi.Gateway)) string {
		g := model("web", 80)
		change(g)
		return Config([]*gatewayapi.Gateway{g}, Options{}).Version
	}
	same := version(func(*gatewayapi.Gateway) {})
	if same == "" || same != version(func(*gatewayapi.Gateway) {}) {
		t.Errorf("the version %q is not that of the content", same)
	}
	if same == version(func(g *gatewayapi.Gateway) { g.Listeners[0].Hostname = "a.example.com" }) {
		t.Error("the version is the same with another hostname")
	}
}

func TestGatewaySettings(t *testing.T) {
	yes, no := true, false
	idle := gwv1.Duration("90s")
	connections := int32(10)
	for _, tc := range []struct {
		name string
		spec *v1alpha1.ProxyParameters
		want config.Gateway
	}{
		{"none", nil, config.Gateway{}},
		{"access log off", &v1alpha1.ProxyParameters{AccessLog: &v1alpha1.AccessLog{Enabled: &no, Format: "json"}}, config.Gateway{}},
		{
			"access log on", &v1alpha1.ProxyParameters{AccessLog: &v1alpha1.AccessLog{Enabled: &yes}},
			config.Gateway{AccessLog: &config.AccessLog{}},
		},
		{
			"PROXY protocol",
			&v1alpha1.ProxyParameters{ClientAddress: &v1alpha1.ClientAddress{ProxyProtocol: &yes, TrustedProxies: []v1alpha1.CIDR{"10.0.0.0/8"}}},
			config.Gateway{ClientAddress: &config.ClientAddress{ProxyProtocol: true, TrustedProxies: []string{"10.0.0.0/8"}}},
		},
		{"empty errors", &v1alpha1.ProxyParameters{ErrorResponses: v1alpha1.ErrorResponsesEmpty}, config.Gateway{}},
		{
			"limits", &v1alpha1.ProxyParameters{Limits: &v1alpha1.Limits{IdleTimeout: &idle, MaxConnections: &connections, MaxConcurrentStreams: &connections}},
			config.Gateway{Limits: &config.Limits{IdleTimeout: config.Duration(90 * time.Second), MaxConnections: 10, MaxConcurrentStreams: 10}},
		},
		{"HTTP/3", &v1alpha1.ProxyParameters{HTTP3: &yes}, config.Gateway{HTTP3: true}},
		{"PROXY protocol to endpoints", &v1alpha1.ProxyParameters{SendProxyProtocol: v1alpha1.ProxyProtocolV2}, config.Gateway{SendProxyProtocol: config.ProxyProtocolV2}},
		{"no PROXY protocol to endpoints", &v1alpha1.ProxyParameters{SendProxyProtocol: v1alpha1.ProxyProtocolNone}, config.Gateway{}},
		{
			"limits of connections and sessions", &v1alpha1.ProxyParameters{Limits: &v1alpha1.Limits{TCPIdleTimeout: &idle, UDPIdleTimeout: &idle, MaxUDPSessions: &connections}},
			config.Gateway{Limits: &config.Limits{TCPIdleTimeout: config.Duration(90 * time.Second), UDPIdleTimeout: config.Duration(90 * time.Second), MaxUDPSessions: 10}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := model("web")
			g.Parameters.Proxy = tc.spec
			tc.want.ID = "default/web"
			if diff := cmp.Diff(tc.want, Config([]*gatewayapi.Gateway{g}, Options{}).Gateways[0]); diff != "" {
				t.Errorf("settings differ (-want +got):\n%s", diff)
			}
		})
	}
}
