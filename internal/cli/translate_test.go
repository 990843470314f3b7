// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// kubera runs a command line and gives its exit code and output.
func kubera(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Run(t.Context(), args, Streams{In: strings.NewReader(stdin), Out: &out, Err: &err}, "v0.0.0-test")
	return code, out.String(), err.String()
}

const someGateway = `# A comment.
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
`

// caddyConfig is the part of a Caddy configuration that is ours.
type caddyConfig struct {
	Apps struct {
		Gateway struct {
			Config config.Config `json:"config"`
		} `json:"gateway"`
	} `json:"apps"`
}

func TestTranslatePrintsConfigAndStatuses(t *testing.T) {
	code, out, stderr := kubera(t, someGateway, "translate", "-f", "-", "--port-offset", "8000")
	if code != ExitBadInput {
		t.Errorf("exit code %d", code)
	}
	want := "-:14:10: HTTPRoute default/app: parent Gateway web: ResolvedRefs=False (BackendNotFound): rules[0].backendRefs[0]: Service default/app does not exist\n"
	// Where in the line flow style has the field is the parser's business.
	if before, _, _ := strings.Cut(want, ":10:"); !strings.HasPrefix(stderr, before) || !strings.HasSuffix(stderr, want[len("-:14:10: "):]) {
		t.Errorf("standard error %q", stderr)
	}
	var have struct {
		Caddy    caddyConfig    `json:"caddy"`
		Statuses []objectStatus `json:"statuses"`
	}
	if err := yaml.Unmarshal([]byte(out), &have); err != nil {
		t.Fatal(err)
	}
	cfg := have.Caddy.Apps.Gateway.Config
	if len(cfg.Listeners) != 1 || cfg.Listeners[0].Address != ":8080" || len(cfg.Routes) != 1 {
		t.Errorf("configuration %+v", cfg)
	}
	var objects []string
	for _, s := range have.Statuses {
		objects = append(objects, s.Kind+" "+s.Metadata.Namespace+"/"+s.Metadata.Name+" "+s.File)
	}
	if !strings.Contains(out, "type: SupportedVersion") {
		t.Error("the class has no condition SupportedVersion")
	}
	if diff := cmp.Diff([]string{"Gateway default/web -:2", "HTTPRoute default/app -:9", "GatewayClass /kubera "}, objects); diff != "" {
		t.Errorf("statuses (-want +have)\n%s", diff)
	}
}

func TestTranslateParts(t *testing.T) {
	_, out, _ := kubera(t, someGateway, "translate", "-f", "-", "--config-only")
	var c caddyConfig
	if err := json.Unmarshal([]byte(out), &c); err != nil || len(c.Apps.Gateway.Config.Routes) != 1 {
		t.Errorf("--config-only is no JSON configuration: %v\n%s", err, out)
	}
	_, out, _ = kubera(t, someGateway, "translate", "-f", "-", "--status-only", "-o", "json")
	var statuses []objectStatus
	if err := json.Unmarshal([]byte(out), &statuses); err != nil || len(statuses) != 3 {
		t.Errorf("--status-only: %v\n%s", err, out)
	}
	if code, _, _ := kubera(t, someGateway, "translate", "-f", "-", "--status-only", "--config-only"); code != ExitUsage {
		t.Errorf("exit code %d", code)
	}
}

// TestTranslatePrintsNoTimes: an API server would take no null for a time.
func TestTranslatePrintsNoTimes(t *testing.T) {
	for _, output := range []string{"yaml", "json"} {
		_, out, _ := kubera(t, someGateway, "translate", "-f", "-", "--status-only", "-o", output)
		var statuses []struct {
			Status struct {
				Conditions []map[string]any `json:"conditions"`
				Listeners  []struct {
					Conditions []map[string]any `json:"conditions"`
				} `json:"listeners"`
			} `json:"status"`
		}
		if err := yaml.Unmarshal([]byte(out), &statuses); err != nil {
			t.Fatal(err)
		}
		if len(statuses) != 3 || len(statuses[0].Status.Listeners) != 1 || len(statuses[0].Status.Listeners[0].Conditions) == 0 {
			t.Errorf("-o %s lacks conditions:\n%s", output, out)
		}
		if strings.Contains(out, "lastTransitionTime") || strings.Contains(out, "null") {
			t.Errorf("-o %s:\n%s", output, out)
		}
	}
}

// TestTranslateIsDeterministic: neither the order of documents nor chance matters.
func TestTranslateIsDeterministic(t *testing.T) {
	_, first, _ := kubera(t, someGateway, "translate", "-f", "-", "--config-only")
	before, after, _ := strings.Cut(someGateway, "---\n")
	for range 5 {
		_, again, _ := kubera(t, after+"---\n"+before, "translate", "-f", "-", "--config-only")
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestTranslateHidesKeys(t *testing.T) {
	const folder = "../../examples/tls"
	secret, err := os.ReadFile(folder + "/certificate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(secret), "-----BEGIN PRIVATE KEY-----\n    ")
	if !ok {
		t.Fatal("the example has no key")
	}
	line, _, _ := strings.Cut(after, "\n")

	code, out, stderr := kubera(t, "", "translate", "-f", folder)
	if strings.Contains(out, line) || strings.Contains(stderr, line) {
		t.Error("the key is printed")
	}
	if code != ExitOK || !strings.Contains(stderr, "--show-secrets") {
		t.Errorf("exit code %d, standard error %q", code, stderr)
	}
	code, out, stderr = kubera(t, "", "translate", "-f", folder, "--show-secrets", "--config-only")
	if code != ExitOK || !strings.Contains(out, line) || stderr != "" {
		t.Errorf("with --show-secrets: exit code %d, standard error %q", code, stderr)
	}
}

func TestVersion(t *testing.T) {
	code, out, _ := kubera(t, "", "version")
	if code != ExitOK || !strings.HasPrefix(out, "kubera       v0.0.0-test\n") {
		t.Errorf("exit code %d, %q", code, out)
	}
}
