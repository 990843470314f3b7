// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/internal/standalone"
)

// TestProgress is what a person sees of a first state, of a mistake and of its mend.
func TestProgress(t *testing.T) {
	t.Chdir(t.TempDir())
	var out, err bytes.Buffer
	p := &progress{out: newPrinter(&out), err: newPrinter(&err), bind: "127.0.0.1", echoes: []echoBackend{{"app", "127.0.0.1:9001"}}}
	loader := &manifest.Loader{Paths: []string{"."}}
	var last *manifest.Set
	step := func(text, wantOut, wantErr string) {
		t.Helper()
		if err := os.WriteFile("a.yaml", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		err.Reset()
		set := loader.Load(t.Context())
		translation := standalone.Translate(set, standalone.Options{PortOffset: 8000})
		translation.Config.Version = "0123456789abcdef"
		p.report(standalone.Report{
			First: last == nil, Translation: translation, Served: translation.Config,
			Changes: standalone.Compare(last, set), Problems: translation.Problems(),
		})
		last = set
		if diff := cmp.Diff(wantOut, out.String()); diff != "" {
			t.Errorf("standard output (-want +have)\n%s", diff)
		}
		if diff := cmp.Diff(wantErr, err.String()); diff != "" {
			t.Errorf("standard error (-want +have)\n%s", diff)
		}
	}
	static := strings.Replace(someGateway, "[{name: app, port: 80}]", "[]", 1)
	step(static, `Serving 1 file, version 01234567; 1 listener, 1 route, 0 backends. Changes are applied at once, Ctrl-C stops.
Backend app answers on http://127.0.0.1:9001

listener default/web/http: http://127.0.0.1:8080 for every hostname
  curl -i http://127.0.0.1:8080/
`, "")
	step(strings.Replace(static, "rules:", "rulez:", 1),
		"",
		`a.yaml:14:3: HTTPRoute default/app: spec.rulez: unknown field
HTTPRoute default/app: served as it was before, until the file is mended
`)
	step(strings.Replace(static, "name: http,", "name: web,", 1),
		`reloaded: Gateway default/web changed; version 01234567; 1 listener, 1 route, 0 backends
No problem is left.
`, "")
}

// TestHostnamesOfListeners says nothing of hostnames where there are none.
func TestHostnamesOfListeners(t *testing.T) {
	for want, l := range map[string]config.Listener{
		" for every hostname": {Protocol: config.HTTP},
		" for *.example.com":  {Protocol: config.TLS, Hostname: "*.example.com"},
		"":                    {Protocol: config.UDP},
	} {
		if got := hostnames(&l); got != want {
			t.Errorf("%s: %q, want %q", l.Protocol, got, want)
		}
	}
}

func TestProgressOfARefusal(t *testing.T) {
	var out, err bytes.Buffer
	p := &progress{out: newPrinter(&out), err: newPrinter(&err)}
	p.report(standalone.Report{Err: errors.New("no")})
	if out.String() != "" || err.String() != "not applied, the last good configuration is served: no\n" {
		t.Errorf("%q, %q", out.String(), err.String())
	}
}

// TestColoursAreForTerminals: a file is none.
func TestColoursAreForTerminals(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if newPrinter(file).colour || newPrinter(&bytes.Buffer{}).colour {
		t.Error("coloured")
	}
	if have := (&printer{colour: true}).paint(red, "x"); have != "\x1b[31mx\x1b[0m" {
		t.Errorf("%q", have)
	}
}

func TestProblemsOnTheirLines(t *testing.T) {
	var out bytes.Buffer
	newPrinter(&out).problems([]manifest.Problem{
		{Position: manifest.Position{File: "a.yaml", Line: 3}, Object: manifest.Key{Kind: "Service", Namespace: "n", Name: "s"}, Field: "spec", Message: "wrong"},
		{Position: manifest.Position{File: "a.yaml"}, Message: "left alone", Note: true},
		{Message: "nowhere"},
	})
	want := "a.yaml:3: Service n/s: spec: wrong\na.yaml: note: left alone\nnowhere\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}
