// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/manifest"
)

// recorder is a Runtime that refuses what it is told to.
type recorder struct {
	mu      sync.Mutex
	applied []*config.Config
	refuse  func(*config.Config) error
}

func (r *recorder) Apply(_ context.Context, cfg *config.Config) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil {
		if err := r.refuse(cfg); err != nil {
			return err
		}
	}
	r.applied = append(r.applied, cfg)
	return nil
}

const patience = 20 * time.Second

// serving is a Server that runs until the test ends.
type serving struct {
	reports chan Report
	done    chan error
	cancel  context.CancelFunc
}

func serve(t *testing.T, runtime Runtime, paths ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &serving{reports: make(chan Report, 100), done: make(chan error, 1), cancel: cancel}
	server := &Server{
		Loader:  &manifest.Loader{Paths: paths},
		Runtime: runtime,
		Report:  func(r Report) { s.reports <- r },
	}
	go func() { s.done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-s.done:
			if err != nil {
				t.Errorf("ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("does not end")
		}
	})
	return s
}

// next report, which must come.
func (s *serving) next(t *testing.T) Report {
	t.Helper()
	select {
	case r := <-s.reports:
		return r
	case <-time.After(patience):
		t.Fatal("no report")
		return Report{}
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const anotherRoute = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: another}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: app, port: 8080}]}]
`

// TestServerFollowsFiles changes files as editors and tools do.
func TestServerFollowsFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yaml", good)
	s := serve(t, &recorder{}, dir)
	first := s.next(t)
	if !first.First || first.Err != nil || len(first.Served.Routes) != 1 {
		t.Fatalf("first report %+v", first)
	}
	// Names are chosen so that each change waits for the one before.
	for _, step := range []struct {
		name   string
		change func()
		want   string
		routes int
	}{
		{"a new file", func() { put(t, dir+"/b.yaml", anotherRoute) }, "HTTPRoute default/another added", 2},
		{"written in place", func() { put(t, dir+"/b.yaml", strings.Replace(anotherRoute, "8080", "8081", 1)) }, "HTTPRoute default/another changed", 2},
		{"replaced by a rename", func() {
			put(t, dir+"/.b.yaml.tmp", anotherRoute)
			rename(t, dir+"/.b.yaml.tmp", dir+"/b.yaml")
		}, "HTTPRoute default/another changed", 2},
		{"removed", func() { remove(t, dir+"/b.yaml") }, "HTTPRoute default/another removed", 1},
		{"in a new folder", func() { put(t, dir+"/deep/er/c.yaml", anotherRoute) }, "HTTPRoute default/another added", 2},
		{"changed in there", func() {
			put(t, dir+"/deep/er/c.yaml", strings.Replace(anotherRoute, "8080", "8081", 1))
		}, "HTTPRoute default/another changed", 2},
		{"the folder removed", func() {
			if err := os.RemoveAll(dir + "/deep"); err != nil {
				t.Fatal(err)
			}
		}, "HTTPRoute default/another removed", 1},
	} {
		step.change()
		report := s.next(t)
		if have := report.Changes.String(); have != step.want || len(report.Served.Routes) != step.routes || report.First {
			t.Fatalf("%s: %s, %d routes", step.name, have, len(report.Served.Routes))
		}
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// TestServerFollowsLinks swaps a link to a folder of files, as kubelets and release
// tools do.
func TestServerFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/one/a.yaml", good)
	put(t, dir+"/two/a.yaml", good+"---\n"+anotherRoute)
	link := func(target string) {
		t.Helper()
		if err := os.Symlink(target, dir+"/.new"); err != nil {
			t.Fatal(err)
		}
		rename(t, dir+"/.new", dir+"/current")
	}
	link("one")
	s := serve(t, &recorder{}, dir+"/current")
	s.next(t)
	link("two")
	if have := s.next(t).Changes.String(); have != "HTTPRoute default/another added" {
		t.Errorf("after the swap: %s", have)
	}
	// The folder that is now behind the link is watched.
	put(t, dir+"/two/a.yaml", good)
	if have := s.next(t).Changes.String(); have != "HTTPRoute default/another removed" {
		t.Errorf("after a change behind the link: %s", have)
	}
}

// TestServerKeepsServingWhatBreaks: problems are reported, and the last good form is served.
func TestServerKeepsServingWhatBreaks(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yaml", good)
	s := serve(t, &recorder{}, dir)
	before := s.next(t)
	put(t, dir+"/a.yaml", "kind: [\n")
	report := s.next(t)
	if len(report.Problems) != 1 || report.Served.Version != before.Served.Version {
		t.Errorf("problems %v, version %s before %s", report.Problems, report.Served.Version, before.Served.Version)
	}
	put(t, dir+"/a.yaml", good)
	if report := s.next(t); len(report.Problems) != 0 || report.Served.Version != before.Served.Version {
		t.Errorf("mended: %v", report.Problems)
	}
}

// TestServerAppliesOnlyChanges: a comment is none, but moves the lines of problems.
func TestServerAppliesOnlyChanges(t *testing.T) {
	dir := t.TempDir()
	bad := strings.Replace(anotherRoute, "name: app", "name: nowhere", 1)
	put(t, dir+"/a.yaml", good)
	put(t, dir+"/b.yaml", bad)
	runtime := &recorder{}
	s := serve(t, runtime, dir)
	s.next(t)
	put(t, dir+"/b.yaml", "# A comment.\n"+bad)
	report := s.next(t)
	if len(report.Problems) != 1 || report.Problems[0].Line != 7 || !report.Changes.Empty() {
		t.Errorf("problems %v, %s", report.Problems, report.Changes)
	}
	runtime.mu.Lock()
	defer runtime.mu.Unlock()
	if len(runtime.applied) != 1 {
		t.Errorf("applied %d times", len(runtime.applied))
	}
}

// TestServerTriesAgainWhatWasRefused: another change may be the chance.
func TestServerTriesAgainWhatWasRefused(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yaml", strings.Replace(good, "listeners: [{", "listeners: [{name: taken, port: 81, protocol: HTTP}, {", 1))
	taken := true
	runtime := &recorder{refuse: func(cfg *config.Config) error {
		for _, l := range cfg.Listeners {
			if l.Port == 81 && taken {
				return &config.Refusal{Object: l.ID, Message: "taken"}
			}
		}
		return nil
	}}
	s := serve(t, runtime, dir)
	s.next(t)
	runtime.mu.Lock()
	taken = false
	runtime.mu.Unlock()
	put(t, dir+"/unrelated.txt", "")
	if report := s.next(t); len(report.Problems) != 0 || len(report.Served.Listeners) != 2 {
		t.Errorf("problems %v, served %+v", report.Problems, report.Served.Listeners)
	}
}

// TestServerLeavesOutWhatIsRefused: one listener that can't be opened takes no other down.
func TestServerLeavesOutWhatIsRefused(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yaml", strings.Replace(good, "listeners: [{", "listeners: [{name: taken, port: 81, protocol: HTTP}, {", 1))
	runtime := &recorder{refuse: func(cfg *config.Config) error {
		for _, l := range cfg.Listeners {
			if l.Port == 81 {
				return &config.Refusal{Object: l.ID, Message: "listen tcp 127.0.0.1:81: bind: permission denied"}
			}
		}
		return nil
	}}
	report := serve(t, runtime, dir).next(t)
	if report.Err != nil || len(report.Served.Listeners) != 1 || report.Served.Listeners[0].ID != "default/web/http" {
		t.Fatalf("error %v, served %+v", report.Err, report.Served)
	}
	if len(report.Served.Routes) != 1 || len(report.Served.Routes[0].Attachments) != 1 {
		t.Errorf("routes %+v", report.Served.Routes)
	}
	want := dir + "/a.yaml:6:15: Gateway default/web: listener taken: Programmed=False (Invalid): listen tcp 127.0.0.1:81: bind: permission denied; " +
		"ports below 1024 may need privileges: --port-offset 8000 makes 8080 of 80"
	if len(report.Problems) != 1 || report.Problems[0].String() != want {
		t.Errorf("problems %v", report.Problems)
	}
}

func TestServerWithNothingToServe(t *testing.T) {
	wrong := errors.New("wrong as a whole")
	for name, test := range map[string]struct {
		files  map[string]string
		refuse error
		want   error
	}{
		"an empty folder":   {nil, nil, ErrNothing},
		"nothing valid":     {map[string]string{"a.yaml": "kind: ["}, nil, ErrNothing},
		"refused as it is":  {map[string]string{"a.yaml": good}, wrong, wrong},
		"no listener opens": {map[string]string{"a.yaml": good}, &config.Refusal{Object: "default/web/http", Message: "taken"}, ErrNothing},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range test.files {
				put(t, dir+"/"+file, text)
			}
			runtime := &recorder{refuse: func(cfg *config.Config) error {
				if len(cfg.Listeners) == 0 {
					return nil
				}
				return test.refuse
			}}
			server := &Server{Loader: &manifest.Loader{Paths: []string{dir}}, Runtime: runtime}
			if err := server.Run(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("ended with %v", err)
			}
		})
	}
}
