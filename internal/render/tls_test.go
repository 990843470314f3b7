// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/test/certtest"
)

// TestTLS renders all that a configuration says about certificates. What several
// objects refer to is there once.
func TestTLS(t *testing.T) {
	ca := certtest.NewCA(t, "render test")
	pair := ca.Issue("gateway", "gateway.example.com")
	bundle := func(name string) *gatewayapi.CABundle {
		return &gatewayapi.CABundle{ConfigMap: types.NamespacedName{Namespace: "default", Name: name}, Certificates: string(ca.PEM)}
	}
	certificate := &gatewayapi.Certificate{
		Secret: types.NamespacedName{Namespace: "default", Name: "own"}, Chain: string(pair.Cert), Key: string(pair.Key),
	}
	g := model("web", 443, 8443)
	for _, l := range g.Listeners {
		l.Protocol, l.Certificates = config.HTTPS, []*gatewayapi.Certificate{certificate}
	}
	g.Listeners[0].ClientValidation = &gatewayapi.ClientValidation{
		CABundles: []*gatewayapi.CABundle{bundle("b"), bundle("a"), bundle("b")}, Mode: config.ClientCertInsecureFallback,
	}
	g.BackendClientCertificate = certificate
	names := []config.SubjectAltName{{DNS: "echo.example.com"}}
	g.Backends = []*gatewayapi.Backend{
		{Port: 1, Protocol: config.BackendHTTP, TLS: &gatewayapi.BackendTLS{
			Hostname: "echo.example.com", SubjectAltNames: names, CABundles: []*gatewayapi.CABundle{bundle("a")},
		}},
		{Port: 2, Protocol: config.BackendHTTP2, TLS: &gatewayapi.BackendTLS{Hostname: "echo.example.com", SystemCAs: true}},
	}
	for i, b := range g.Backends {
		b.Service = types.NamespacedName{Namespace: "default", Name: []string{"one", "two"}[i]}
	}

	got := Config([]*gatewayapi.Gateway{g}, Options{})
	if err := got.Validate(); err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Version:  got.Version,
		Gateways: []config.Gateway{{ID: "default/web", BackendClientCertificate: "Secret/default/own"}},
		Listeners: []config.Listener{
			{ID: "default/web/a", Gateway: "default/web", Protocol: config.HTTPS, Port: 443, TLS: &config.ListenerTLS{
				Certificates: []string{"Secret/default/own"},
				ClientValidation: &config.ClientValidation{
					CABundles: []string{"ConfigMap/default/a", "ConfigMap/default/b"}, Mode: config.ClientCertInsecureFallback,
				},
			}},
			{ID: "default/web/b", Gateway: "default/web", Protocol: config.HTTPS, Port: 8443, TLS: &config.ListenerTLS{
				Certificates: []string{"Secret/default/own"},
			}},
		},
		Backends: []config.Backend{
			{ID: "Service/default/one/1", TLS: &config.BackendTLS{
				ServerName: "echo.example.com", SubjectAltNames: names, CABundles: []string{"ConfigMap/default/a"},
			}},
			{ID: "Service/default/two/2", Protocol: config.BackendHTTP2, TLS: &config.BackendTLS{
				ServerName: "echo.example.com", SystemCAs: true,
			}},
		},
		Certificates: []config.Certificate{{ID: "Secret/default/own", Chain: string(pair.Cert), Key: string(pair.Key)}},
		CABundles: []config.CABundle{
			{ID: "ConfigMap/default/a", Certificates: string(ca.PEM)},
			{ID: "ConfigMap/default/b", Certificates: string(ca.PEM)},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Config() differs (-want +got):\n%s", diff)
	}
}
