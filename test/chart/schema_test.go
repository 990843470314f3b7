// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSchemaRefuses has a mistake that somebody could make in each of its cases, and what
// helm names of it.
func TestSchemaRefuses(t *testing.T) {
	for name, test := range map[string]struct{ values, want string }{
		"a typo":                          {"controler: {replicas: 1}", "controler"},
		"a typo further in":               {"controller: {replica: 1}", "replica"},
		"an image's part that is none":    {"controller: {image: {registry: registry.example}}", "registry"},
		"a tag that is a number":          {"proxy: {image: {tag: 1.2}}", "tag"},
		"half of a digest":                {"proxy: {image: {digest: sha256:0123}}", "digest"},
		"a pull policy":                   {"image: {pullPolicy: Sometimes}", "pullPolicy"},
		"a pull secret without a key":     {"image: {pullSecrets: [registry]}", "pullSecrets"},
		"a registry with a scheme":        {"image: {registry: 'https://registry.example'}", "registry"},
		"a text for a number":             {"controller: {replicas: '2'}", "replicas"},
		"a text for yes":                  {"crds: {keep: 'true'}", "keep"},
		"a controllerName without a path": {"controllerName: kubera.dev", "controllerName"},
		"a class in capitals":             {"gatewayClass: {name: Kubera}", "name"},
		"no class":                        {"gatewayClass: {name: ''}", "name"},
		"a log level":                     {"log: {level: verbose}", "level"},
		"a log format":                    {"log: {format: text}", "format"},
		"a port for root":                 {"metrics: {port: 443}", "port"},
		"the port of the probes":          {"metrics: {port: 8081}", "metrics"},
		"a Secret and cert-manager":       {"metrics: {existingSecret: mine, certManager: {enabled: true}}", "existingSecret"},
		"a monitor without metrics":       {"{metrics: {enabled: false}, prometheus: {serviceMonitor: {enabled: true}}}", "serviceMonitor"},
		"two leaders":                     {"leaderElection: {enabled: false}", "replicas"},
		"a flag without dashes":           {"controller: {extraArgs: [enable-http2]}", "extraArgs"},
		"a variable without a name":       {"controller: {extraEnv: [{value: x}]}", "extraEnv"},
		"a label that is a number":        {"controller: {podLabels: {tier: 1}}", "podLabels"},
		"a label's name":                  {"commonLabels: {'a b': c}", "a b"},
		"limits beside resources":         {"controller: {resources: {cpu: 1}}", "cpu"},
		"an effect of a taint":            {"controller: {tolerations: [{effect: NoRun}]}", "effect"},
		"a constraint without a topology": {"controller: {topologySpreadConstraints: [{maxSkew: 1, whenUnsatisfiable: DoNotSchedule}]}", "topologyKey"},
		"an affinity":                     {"controller: {affinity: {antiAffinity: {}}}", "antiAffinity"},
		"half a budget":                   {"podDisruptionBudget: {maxUnavailable: half}", "maxUnavailable"},
		"a priority of the system":        {"priorityClass: {value: 2000000000}", "value"},
		"a time without a unit":           {"prometheus: {podMonitor: {interval: '30'}}", "interval"},
		"a port that is none":             {"networkPolicy: {apiServerPorts: [0]}", "apiServerPorts"},
		"no port":                         {"networkPolicy: {dnsPorts: []}", "dnsPorts"},
		"an issuer's part that is none":   {"metrics: {certManager: {issuerRef: {issuer: x}}}", "issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "values.yaml")
			if err := os.WriteFile(file, []byte(test.values), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := release{values: []string{"--values", file}}.template(t)
			if err == nil {
				t.Fatalf("%s is taken", test.values)
			}
			if !strings.Contains(out, "don't meet the specifications of the schema") || !strings.Contains(out, test.want) {
				t.Errorf("the schema doesn't name %s:\n%s", test.want, out)
			}
		})
	}
}
