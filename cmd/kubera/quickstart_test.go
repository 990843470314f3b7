// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const quickstart = "../../examples/quickstart"

// quickstartCopy is the quickstart in a folder of its own, with backends and a
// listener on free ports.
type quickstartCopy struct {
	dir    string
	port   int
	flags  []string
	readme string
}

func copyQuickstart(t *testing.T) quickstartCopy {
	t.Helper()
	q := quickstartCopy{dir: t.TempDir()}
	offset := freeOffset(t, 80, 81)
	q.port = 80 + offset
	backends := freePorts(t, 2)
	replace := strings.NewReplacer("9001", strconv.Itoa(backends[0]), "9002", strconv.Itoa(backends[1]))
	entries, err := os.ReadDir(quickstart)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(quickstart, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if entry.Name() == "README.md" {
			q.readme = string(data)
			continue
		}
		q.write(t, entry.Name(), replace.Replace(string(data)))
	}
	q.flags = []string{
		"run", "-f", q.dir, "--port-offset", strconv.Itoa(offset),
		"--echo", "stable=127.0.0.1:" + strconv.Itoa(backends[0]), "--echo", "canary=127.0.0.1:" + strconv.Itoa(backends[1]),
	}
	return q
}

func (q quickstartCopy) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(q.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (q quickstartCopy) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(q.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestQuickstartAnswersAsPrinted performs every curl command that kubera run prints
// and compares with the README, which has them all.
func TestQuickstartAnswersAsPrinted(t *testing.T) {
	q := copyQuickstart(t)
	p := start(t, q.flags...)
	expected := expectations(t, q.readme, q.port)
	if len(expected) < 8 {
		t.Fatalf("the README has only %d commands", len(expected))
	}
	for _, e := range expected {
		p.out.await(t, 0, "  "+e.command)
		have := perform(t, e.command)
		if strings.Contains(e.command, "/split") {
			have = untilStable(t, e)
		}
		if diff := have.meets(e.want); diff != "" {
			t.Errorf("%s: %s", e.command, diff)
		}
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	var printed, described []string
	for line := range strings.Lines(p.out.text()) {
		if command := strings.TrimSpace(line); strings.HasPrefix(command, "curl ") {
			printed = append(printed, command)
		}
	}
	for _, e := range expected {
		described = append(described, e.command)
	}
	slices.Sort(printed)
	slices.Sort(described)
	if diff := cmp.Diff(described, printed); diff != "" {
		t.Errorf("the README and what is printed differ (-README +printed)\n%s", diff)
	}
	if text := p.err.text(); text != "" {
		t.Errorf("standard error:\n%s", text)
	}
}

// untilStable repeats a request that is answered by two versions, until it has seen
// both, and gives the answer of the one that the README has.
func untilStable(t *testing.T, e expectation) answer {
	t.Helper()
	var stable answer
	seen := map[string]bool{}
	for deadline := time.Now().Add(patience); len(seen) < 2 && time.Now().Before(deadline); {
		have := perform(t, e.command)
		name, _, _ := strings.Cut(have.body, " ")
		seen[name] = true
		if name == "stable" {
			stable = have
		}
	}
	if !seen["stable"] || !seen["canary"] {
		t.Errorf("%s: answers came only from %v", e.command, seen)
	}
	return stable
}

// TestChangesLoseNoRequest changes files in every way that editors do while clients
// send requests, of which none may fail.
func TestChangesLoseNoRequest(t *testing.T) {
	q := copyQuickstart(t)
	p := start(t, q.flags...)
	p.out.await(t, 0, "listener default/web/http:")
	app := q.read(t, "app.yaml")
	base := "http://127.0.0.1:" + strconv.Itoa(q.port)

	requests := startLoad(t, base)

	replaceFile := func(name, text string) {
		q.write(t, "."+name+".tmp", text)
		if err := os.Rename(filepath.Join(q.dir, "."+name+".tmp"), filepath.Join(q.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 5 {
		for _, change := range []struct {
			apply func()
			awaitOut,
			awaitErr string
		}{
			{apply: func() { q.write(t, "more.yaml", extraRoute(round)) }, awaitOut: "HTTPRoute default/extra added"},
			{apply: func() { replaceFile("app.yaml", strings.Replace(app, "weight: 3", "weight: 2", 1)) }, awaitOut: "HTTPRoute default/split changed"},
			{apply: func() { replaceFile("app.yaml", "kind: [\n") }, awaitErr: "app.yaml:"},
			{apply: func() { replaceFile("app.yaml", app) }, awaitOut: "HTTPRoute default/split changed"},
			{apply: func() { q.write(t, "more.yaml", extraListener) }, awaitOut: "Gateway default/other added"},
			{apply: func() {
				if err := os.Remove(filepath.Join(q.dir, "more.yaml")); err != nil {
					t.Fatal(err)
				}
			}, awaitOut: "Gateway default/other removed"},
		} {
			out, errs := p.out.length(), p.err.length()
			change.apply()
			if change.awaitErr != "" {
				p.err.await(t, errs, change.awaitErr)
			} else {
				p.out.await(t, out, change.awaitOut)
			}
		}
	}
	requests.assertNoneFailed(t)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func extraRoute(n int) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: extra}
spec:
  parentRefs: [{name: web}]
  rules:
  - matches: [{path: {value: /extra-%d}}]
    backendRefs: [{name: stable, port: 80}]
`, n)
}

// extraListener is a second listener, of another Gateway.
const extraListener = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: other}
spec:
  gatewayClassName: kubera
  listeners: [{name: http, port: 81, protocol: HTTP}]
`
