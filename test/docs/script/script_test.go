// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/test/docs/page"
)

// of reads a page whose fences are written with ' for `.
func of(lines ...string) (*Script, []string) {
	return Of(page.Parse(strings.ReplaceAll(strings.Join(lines, "\n"), "'''", "```")))
}

func TestSteps(t *testing.T) {
	for name, test := range map[string]struct {
		page []string
		want []Step
	}{
		"a command and what it prints": {
			[]string{"a", "'''console", "$ curl -s localhost", "hello", "", "world", "'''"},
			[]Step{{Line: 3, Command: "curl -s localhost", Shown: true, Want: "hello\n\nworld\n"}},
		},
		"two, one of several lines": {
			[]string{"a", "'''console", `$ curl \`, "    -s", "hello", "$ ls", "'''"},
			[]Step{
				{Line: 3, Command: "curl \\\n    -s", Shown: true, Want: "hello"},
				{Line: 6, Command: "ls"},
			},
		},
		"a server, and more of it": {
			[]string{"a", "'''console", "$ PORT_OFFSET=1 make quickstart", "Serving", "'''", "'''console", "reloaded", "'''"},
			[]Step{
				{Action: Serve, Line: 3, Command: "PORT_OFFSET=1 make quickstart", Shown: true, Want: "Serving\n"},
				{Action: Await, Line: 7, Shown: true, Want: "reloaded\n"},
			},
		},
		"commands alone": {
			[]string{"a", "'''sh", "# first", `kubera translate \`, "  -f .", "", "kubectl get pods", "'''"},
			[]Step{
				{Line: 4, Command: "kubera translate \\\n  -f ."},
				{Class: Cluster, Line: 7, Command: "kubectl get pods"},
			},
		},
		"notes": {
			[]string{
				"a", "<!-- file: a.yaml -->", "'''yaml", "a: 1", "'''", "<!-- run: mkdir b -->", "<!-- cluster -->", "'''sh", "curl $ADDRESS", "'''",
				"<!-- not run: there is no registry -->", "'''sh", "docker push", "'''",
				"<!-- elsewhere: make soak -->", "'''sh", "make soak", "'''",
			},
			[]Step{
				{Action: Write, Line: 4, Path: "a.yaml", Text: "a: 1\n"},
				{Class: Cluster, Line: 9, Command: "mkdir b"},
				{Class: Cluster, Line: 9, Command: "curl $ADDRESS"},
				{Class: Nowhere, Why: "there is no registry", Line: 13, Command: "docker push"},
				{Class: Nowhere, Why: "make soak does", Elsewhere: "soak", Line: 17, Command: "make soak"},
			},
		},
		"a page of the cluster": {
			[]string{"<!-- cluster: empty -->", "# a", "'''sh", "uname", "'''"},
			[]Step{{Class: Cluster, Line: 4, Command: "uname"}},
		},
		"what is not for readers to do": {
			[]string{"a", "'''yaml", "a: 1", "'''", "'''text", "$ rm -rf", "'''"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, problems := of(test.page...)
			for _, problem := range problems {
				t.Error(problem)
			}
			if diff := cmp.Diff(test.want, s.Steps); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	_, problems := of(
		"a", "'''console", "$ docker push", "'''", "", "    indented", "", "'''", "no language", "'''",
		"<!-- not run -->", "'''sh", "ls", "'''", "<!-- somewhere -->", "'''sh", "ls", "'''", "<!-- elsewhere: soak -->", "'''sh", "make all", "'''",
	)
	want := []string{
		"6: a code block without a fence: write ```sh or ```text",
		`3: nobody knows where "docker push" can be run`,
		"9: a code block without a language: commands are console or sh, the rest is text",
		"13: say why this is not run",
		`17: the note "somewhere" means nothing`,
		"21: say which target of make runs this",
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}

func TestPageIsEmpty(t *testing.T) {
	for text, want := range map[string]Script{
		"# a":                         {},
		"<!-- cluster -->\n# a":       {Cluster: true},
		"<!-- cluster: empty -->\n#a": {Cluster: true, Empty: true},
	} {
		if s, _ := of(text); s.Cluster != want.Cluster || s.Empty != want.Empty {
			t.Errorf("%q: have %+v, want %+v", text, s, want)
		}
	}
}

func TestRole(t *testing.T) {
	for command, want := range map[string]string{
		"make quickstart":                  "gateway",
		"kubera-proxy run --config a.json": "gateway",
		"kubera echo --name a":             "kubera echo",
		"kubectl port-forward pod/a 1":     "kubectl port-forward",
	} {
		if have := (Step{Command: command}).Role(); have != want {
			t.Errorf("%q: have %q, want %q", command, have, want)
		}
	}
}

func TestProgram(t *testing.T) {
	for command, want := range map[string]string{
		"make quickstart":    "kubera run",
		"kubera run -f .":    "kubera run",
		"A=b kubera echo -l": "kubera echo",
		"cd a && kubera run": "kubera run",
		"cd a && ls":         "ls ",
		"cd a":               "cd a",
		"kubectl":            "kubectl ",
		"":                   " ",
		"a=b":                "a=b ",
	} {
		if have := (Step{Command: command}).Program(); have != want {
			t.Errorf("%q: have %q, want %q", command, have, want)
		}
	}
}
