// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubera-dev/kubera/internal/manifest"
)

// good is served in all of these tests, whatever stands beside it.
const good = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: kubera
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: good}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: app, port: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: app}
spec: {type: ExternalName, externalName: localhost, ports: [{port: 8080}]}
`

const bareRoute = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: bad}
spec:
  parentRefs: [{name: web}]
  rules:
`

const httpsGateway = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: secure}
spec:
  gatewayClassName: kubera
  listeners:
  - name: https
    port: 443
    protocol: HTTPS
    tls:
      certificateRefs:
      - name: certificate
`

// TestBadInput puts one bad thing beside the good ones: it is told with its file and
// line, and the good ones are served.
func TestBadInput(t *testing.T) {
	certificate := exampleSecret(t)
	for _, test := range []struct {
		name, text string
		want       []string // beginnings and parts of the lines that tell
	}{
		{
			"unknown field", bareRoute + "  - backends: [{name: app, port: 8080}]\n",
			[]string{"bad.yaml:7:5: HTTPRoute default/bad: spec.rules[0].backends: unknown field"},
		},
		{
			"invalid regular expression", bareRoute + "  - matches:\n    - path:\n        type: RegularExpression\n        value: /(unclosed\n    backendRefs: [{name: app, port: 8080}]\n",
			[]string{"bad.yaml:8:7: HTTPRoute default/bad: parent Gateway web: Accepted=False (UnsupportedValue): no rule is valid: rules[0].matches[0]: "},
		},
		{
			"missing Secret", httpsGateway,
			[]string{"bad.yaml:12:9: Gateway default/secure: listener https: ResolvedRefs=False (InvalidCertificateRef): tls.certificateRefs[0]: Secret default/certificate does not exist"},
		},
		{
			"certificate that does not match its key", httpsGateway + "---\n" + mismatched(t, certificate),
			[]string{"bad.yaml:12:9: Gateway default/secure: listener https: ResolvedRefs=False (InvalidCertificateRef): tls.certificateRefs[0]: Secret default/certificate: "},
		},
		{
			"listeners in conflict", conflicting,
			[]string{
				"bad.yaml:7:5: Gateway default/conflict: listener one: Conflicted=True (ProtocolConflict): ",
				"bad.yaml:8:5: Gateway default/conflict: listener two: Conflicted=True (ProtocolConflict): ",
			},
		},
		{
			"a port that another Gateway has", strings.ReplaceAll(strings.SplitN(good, "---\n", 2)[0], "name: web}", "name: web2}"),
			[]string{"bad.yaml:6:15: Gateway default/web2: listener http: Accepted=False (PortUnavailable): port 80 is used by Gateway default/web"},
		},
		{
			"missing Service", bareRoute + "  - backendRefs:\n    - name: nowhere\n      port: 80\n",
			[]string{"bad.yaml:8:7: HTTPRoute default/bad: parent Gateway web: ResolvedRefs=False (BackendNotFound): rules[0].backendRefs[0]: Service default/nowhere does not exist"},
		},
		{
			"reference without grant", bareRoute + "  - backendRefs: [{name: app, namespace: other, port: 80}]\n",
			[]string{"bad.yaml:7:19: HTTPRoute default/bad: parent Gateway web: ResolvedRefs=False (RefNotPermitted): "},
		},
		{
			"Secret of more than 1 MiB", fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: big}\nstringData:\n  key: %s\n", strings.Repeat("x", corev1.MaxSecretSize+1)),
			[]string{"bad.yaml:1:1: Secret default/big: data: the data has 1048577 bytes, at most 1048576 are allowed"},
		},
		{
			"broken document", "a: 1\n  b: 2\n",
			[]string{"bad.yaml:2: broken YAML: "},
		},
		{
			"parent that is not there", strings.Replace(bareRoute, "[{name: web}]", "[{name: nowhere}]", 1) + "  - backendRefs: [{name: app, port: 8080}]\n",
			[]string{"bad.yaml:5:16: HTTPRoute default/bad: not served: Gateway default/nowhere is not in the files"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			translation := load(t, map[string]string{"a.yaml": good, "bad.yaml": test.text})
			var have []string
			for _, p := range translation.Problems() {
				have = append(have, p.String())
			}
			for _, want := range test.want {
				if !containsPart(have, want) {
					t.Errorf("nothing says %q; there is\n%s", want, strings.Join(have, "\n"))
				}
			}
			for _, line := range have {
				if !strings.HasPrefix(line, "bad.yaml:") {
					t.Errorf("a problem elsewhere: %s", line)
				}
			}
			assertGoodServed(t, translation)
		})
	}
}

const conflicting = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: conflict}
spec:
  gatewayClassName: kubera
  listeners:
  - {name: one, port: 8081, protocol: HTTP, hostname: a.example}
  - {name: two, port: 8081, protocol: HTTPS, tls: {certificateRefs: [{name: none}]}}
  - {name: three, port: 8082, protocol: HTTP}
`

// load puts files into a folder, and takes the folder out of the positions.
func load(t *testing.T, files map[string]string) *Translation {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	loader := &manifest.Loader{Paths: []string{"."}}
	return Translate(loader.Load(t.Context()), Options{})
}

func assertGoodServed(t *testing.T, translation *Translation) {
	t.Helper()
	for _, route := range translation.Config.Routes {
		if route.ID != "HTTPRoute/default/good" {
			continue
		}
		if len(route.Attachments) != 1 || route.Attachments[0].Listener != "default/web/http" {
			t.Errorf("the good route is attached to %v", route.Attachments)
		}
		if got := route.Rules[0].Backends; len(got) != 1 || got[0].Backend != "Service/default/app/8080" {
			t.Errorf("the good route has backends %v", got)
		}
		return
	}
	t.Error("the good route is not served")
}

func containsPart(lines []string, part string) bool {
	for _, line := range lines {
		if strings.HasPrefix(line, part) {
			return true
		}
	}
	return false
}

// exampleSecret is the certificate of examples/tls.
func exampleSecret(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../examples/tls/certificate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(data), "name: example-certificate", "name: certificate", 1)
}
