// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/manifest"
)

// gatewayOf is a Gateway with a spec in flow style.
func gatewayOf(name, spec string) string {
	return "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: " + name + "}\nspec: {gatewayClassName: kubera, " + spec + "}\n"
}

func messages(r Report) string {
	var b strings.Builder
	for _, p := range r.Problems {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

// TestKeepsGatewayThatIsNotAccepted breaks a Gateway in every way that leaves its
// object well-formed. It is served on, wholly, while other changes are applied.
func TestKeepsGatewayThatIsNotAccepted(t *testing.T) {
	const port80 = "listeners: [{name: http, port: 80, protocol: HTTP}]"
	_, others, _ := strings.Cut(good, "---\n")
	for _, test := range []struct {
		name, gateway string
		want          string // in a problem
	}{
		{"a port of the proxy", gatewayOf("web", "listeners: [{name: http, port: 19090, protocol: HTTP}]"), "port 19090 is used by the proxies themselves"},
		{"a protocol that is not served", gatewayOf("web", "listeners: [{name: http, port: 80, protocol: example.com/quic}]"), "protocol example.com/quic is not supported"},
		{"missing parameters", gatewayOf("web", "infrastructure: {parametersRef: {group: gateway.kubera.dev, kind: GatewayParameters, name: none}}, "+port80), "none does not exist"},
		{"all listeners in conflict", gatewayOf("web", "listeners: [{name: http, port: 80, protocol: HTTP}, {name: other, port: 80, protocol: HTTPS, tls: {certificateRefs: [{name: none}]}}]"), "Conflicted=True"},
		{"an unknown class", strings.Replace(gatewayOf("web", port80), "kubera", "kuberaa", 1), "GatewayClass kuberaa is not in the files"},
		{"an older Gateway with its port", gatewayOf("web", port80) + "---\n" + gatewayOf("aaa", port80), "port 80 is used by Gateway default/aaa"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir+"/gateway.yaml", gatewayOf("web", port80))
			put(t, dir+"/others.yaml", others)
			s := serve(t, &recorder{}, dir)
			first := s.next(t)

			put(t, dir+"/gateway.yaml", test.gateway)
			broken := s.next(t)
			broken.Served.Version, broken.Served.Gateways = first.Served.Version, first.Served.Gateways
			if diff := cmp.Diff(first.Served, broken.Served); diff != "" {
				t.Errorf("what is served changed (-before +now)\n%s", diff)
			}
			if text := messages(broken); !strings.Contains(text, test.want) {
				t.Errorf("nothing says %q:\n%s", test.want, text)
			}
			if kept := broken.Translation.Kept; len(kept) != 1 || kept[0].String() != "Gateway default/web" {
				t.Errorf("kept %v", kept)
			}
			if slices.ContainsFunc(broken.Problems, func(p manifest.Problem) bool { return p.Note && p.Object.Kind == "Gateway" }) {
				t.Errorf("a note only:\n%s", messages(broken))
			}

			put(t, dir+"/gateway.yaml", gatewayOf("web", port80))
			if mended := s.next(t); len(mended.Problems) != 0 || len(mended.Translation.Kept) != 0 || mended.Served.Version != first.Served.Version {
				t.Errorf("mended: kept %v, problems\n%s", mended.Translation.Kept, messages(mended))
			}
		})
	}
}

const (
	brokenGateway = "listeners: [{name: http, port: 19090, protocol: HTTP}]"
	slice         = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: app, labels: {kubernetes.io/service-name: app}}
addressType: IPv4
ports: [{port: 9001}]
endpoints: [{addresses: [127.0.0.1]}]
`
)

// TestKeptGatewayFollowsEndpoints, as the proxies of the operator do.
func TestKeptGatewayFollowsEndpoints(t *testing.T) {
	dir := t.TempDir()
	gateway, others, _ := strings.Cut(good, "---\n")
	put(t, dir+"/gateway.yaml", gateway)
	put(t, dir+"/others.yaml", strings.Replace(others, "type: ExternalName, externalName: localhost, ", "", 1))
	put(t, dir+"/slice.yaml", slice)
	s := serve(t, &recorder{}, dir)
	s.next(t)
	put(t, dir+"/gateway.yaml", gatewayOf("web", brokenGateway))
	s.next(t)
	put(t, dir+"/slice.yaml", strings.Replace(slice, "9001", "9002", 1))
	have := s.next(t).Served.Backends
	if len(have) != 1 || len(have[0].Endpoints) != 1 || have[0].Endpoints[0].Address != "127.0.0.1:9002" {
		t.Errorf("backends %+v", have)
	}
}

// TestForgetsGatewayThatIsTakenOut: nothing is kept of a Gateway that is gone from
// the files or went over to another controller, also where it was kept before.
func TestForgetsGatewayThatIsTakenOut(t *testing.T) {
	gateway, others, _ := strings.Cut(good, "---\n")
	const foreign = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: foreign}\nspec: {controllerName: example.com/other}\n"
	for name, text := range map[string]string{
		"gone":    others,
		"foreign": strings.Replace(gateway, "kubera", "foreign", 1) + foreign,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir+"/a.yaml", good)
			s := serve(t, &recorder{}, dir)
			s.next(t)
			put(t, dir+"/a.yaml", gatewayOf("web", brokenGateway)+"---\n"+others)
			if served := s.next(t).Served; len(served.Listeners) != 1 {
				t.Fatalf("not kept: %+v", served)
			}
			put(t, dir+"/a.yaml", text)
			if r := s.next(t); len(r.Served.Listeners) != 0 || len(r.Translation.Kept) != 0 {
				t.Errorf("kept %v, served %+v", r.Translation.Kept, r.Served)
			}
			// Back, and broken: what was forgotten stays so.
			put(t, dir+"/a.yaml", gatewayOf("web", brokenGateway))
			if r := s.next(t); len(r.Served.Listeners) != 0 {
				t.Errorf("served %+v", r.Served)
			}
		})
	}
}

// TestKeptGatewayKeepsItsRoutes: a route that another Gateway serves in a new form is
// served in the old form by the Gateway that is kept.
func TestKeptGatewayKeepsItsRoutes(t *testing.T) {
	dir := t.TempDir()
	_, others, _ := strings.Cut(good, "---\n")
	others = strings.Replace(others, "[{name: web}]", "[{name: web}, {name: two}]", 1)
	two := "---\n" + gatewayOf("two", "listeners: [{name: http, port: 82, protocol: HTTP}]") + "---\n"
	put(t, dir+"/a.yaml", gatewayOf("web", "listeners: [{name: http, port: 80, protocol: HTTP}]")+two+others)
	s := serve(t, &recorder{}, dir)
	before := s.next(t)

	put(t, dir+"/a.yaml", gatewayOf("web", brokenGateway)+two+others)
	if diff := cmp.Diff(before.Served, s.next(t).Served); diff != "" {
		t.Errorf("an equal route is not shared (-before +now)\n%s", diff)
	}

	put(t, dir+"/a.yaml", gatewayOf("web", brokenGateway)+two+strings.Replace(others, "rules: [{", "rules: [{matches: [{path: {value: /new}}], ", 1))
	served := s.next(t).Served
	have := map[string]string{}
	for _, route := range served.Routes {
		for _, a := range route.Attachments {
			have[a.Listener] += route.ID
			if isNew := route.Rules[0].Matches[0].Path.Value == "/new"; isNew != (a.Listener == "default/two/http") {
				t.Errorf("%s serves %+v", a.Listener, route.Rules)
			}
		}
	}
	want := map[string]string{"default/two/http": "HTTPRoute/default/good", "default/web/http": "HTTPRoute/default/good@default/web"}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
	if err := served.Validate(); err != nil {
		t.Error(err)
	}
}

// TestKeptGatewayLosesWhatIsRevoked: "Implementations [...] MUST respond to the removal of
// a grant by revoking the access that the grant allowed" (ReferenceGrant).
func TestKeptGatewayLosesWhatIsRevoked(t *testing.T) {
	dir := t.TempDir()
	const grant = `apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: apps, namespace: apps}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}]
  to: [{group: "", kind: Service}]
`
	put(t, dir+"/gateway.yaml", gatewayOf("web", "listeners: [{name: http, port: 80, protocol: HTTP}]"))
	put(t, dir+"/grant.yaml", grant)
	put(t, dir+"/app.yaml", `apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec: {ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: app}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: app, namespace: apps, port: 80}]}]
`)
	s := serve(t, &recorder{}, dir)
	backend := func() string { return s.next(t).Served.Routes[0].Rules[0].Backends[0].Backend }
	if got := backend(); got != "Service/apps/app/80" {
		t.Fatalf("the backend is %q", got)
	}
	put(t, dir+"/gateway.yaml", gatewayOf("web", brokenGateway))
	if got := backend(); got != "Service/apps/app/80" {
		t.Errorf("not accepted: the backend is %q", got)
	}
	put(t, dir+"/grant.yaml", "# none\n")
	if got := backend(); got != "" {
		t.Errorf("revoked: the backend is %q", got)
	}
	put(t, dir+"/grant.yaml", grant)
	if got := backend(); got != "Service/apps/app/80" {
		t.Errorf("granted again: the backend is %q", got)
	}
}

// TestKeptGatewayKeepsItsPort: another Gateway that would get it is told, with its
// place in the files.
func TestKeptGatewayKeepsItsPort(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yaml", good)
	s := serve(t, &recorder{}, dir)
	s.next(t)
	put(t, dir+"/z.yaml", gatewayOf("zed", "listeners: [{name: http, port: 80, protocol: HTTP}, {name: own, port: 81, protocol: HTTP}]"))
	s.next(t)
	put(t, dir+"/a.yaml", strings.Replace(good, "port: 80,", "port: 19443,", 1))
	r := s.next(t)
	var ids []string
	for _, l := range r.Served.Listeners {
		ids = append(ids, l.ID)
	}
	if diff := cmp.Diff([]string{"default/web/http", "default/zed/own"}, ids); diff != "" {
		t.Errorf("listeners (-want +have)\n%s", diff)
	}
	want := dir + "/z.yaml:4:46: Gateway default/zed: listener http: Programmed=False (Invalid): port 80 is used by Gateway default/web, which is served as it was before\n"
	if text := messages(r); !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
	if err := r.Served.Validate(); err != nil {
		t.Error(err)
	}
}

// TestOneBadListenerOfSeveral: the Gateway is accepted without it, so the listener is
// closed and the others follow the files, as with the operator.
func TestOneBadListenerOfSeveral(t *testing.T) {
	dir := t.TempDir()
	const both = "listeners: [{name: http, port: 80, protocol: HTTP}, {name: alt, port: 81, protocol: HTTP}]"
	_, others, _ := strings.Cut(good, "---\n")
	put(t, dir+"/a.yaml", gatewayOf("web", both)+"---\n"+others)
	s := serve(t, &recorder{}, dir)
	s.next(t)
	put(t, dir+"/a.yaml", gatewayOf("web", strings.Replace(both, "81", "19090", 1))+"---\n"+others)
	r := s.next(t)
	if len(r.Translation.Kept) != 0 || len(r.Served.Listeners) != 1 || r.Served.Listeners[0].ID != "default/web/http" {
		t.Errorf("kept %v, served %+v", r.Translation.Kept, r.Served.Listeners)
	}
	if text := messages(r); !strings.Contains(text, "listener alt: Accepted=False (PortUnavailable): port 19090") {
		t.Errorf("problems\n%s", text)
	}
}

// TestKeepsWithoutWhatWasRefused: a listener that could not be opened is no part of
// what is kept.
func TestKeepsWithoutWhatWasRefused(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yaml", strings.Replace(good, "listeners: [{", "listeners: [{name: taken, port: 81, protocol: HTTP}, {", 1))
	s := serve(t, &recorder{refuse: func(cfg *config.Config) error {
		for _, l := range cfg.Listeners {
			if l.Port == 81 {
				return &config.Refusal{Object: l.ID, Message: "taken"}
			}
		}
		return nil
	}}, dir)
	before := s.next(t)
	put(t, dir+"/a.yaml", strings.Replace(good, "port: 80,", "port: 19090,", 1))
	if diff := cmp.Diff(before.Served, s.next(t).Served); diff != "" {
		t.Errorf("(-before +now)\n%s", diff)
	}
}
