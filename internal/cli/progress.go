// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/internal/standalone"
)

// maxExamples is how many curl commands are printed.
const maxExamples = 40

// progress tells a person what is served and what becomes of changes.
type progress struct {
	out, err *printer
	bind     string
	echoes   []echoBackend
	problems []manifest.Problem
}

// report is called for the first state of the files and for each change.
func (p *progress) report(r standalone.Report) {
	p.err.problems(fresh(p.problems, r.Problems))
	mended := len(p.problems) > 0 && len(r.Problems) == 0
	p.problems = r.Problems
	if r.Err != nil {
		p.err.line("%s %v", p.err.paint(red, "not applied, the last good configuration is served:"), r.Err)
		return
	}
	if r.First {
		p.first(r)
		return
	}
	if !r.Changes.Empty() {
		p.out.line("%s %s; version %s; %s", p.out.paint(green, "reloaded:"), r.Changes, short(r.Served.Version), counts(r.Served))
	}
	var kept []manifest.Key
	for _, object := range r.Translation.Set.Kept {
		kept = append(kept, object.Key)
	}
	for _, key := range append(kept, r.Translation.Kept...) {
		p.err.line("%s", p.err.paint(yellow, key.String()+": served as it was before, until the file is mended"))
	}
	if mended {
		p.out.line("%s", p.out.paint(green, "No problem is left."))
	}
}

// fresh are the problems that were not there before.
func fresh(before, now []manifest.Problem) []manifest.Problem {
	known := map[manifest.Problem]bool{}
	for _, problem := range before {
		known[problem] = true
	}
	var list []manifest.Problem
	for _, problem := range now {
		if !known[problem] {
			list = append(list, problem)
		}
	}
	return list
}

func (p *progress) first(r standalone.Report) {
	if len(r.Served.Listeners) == 0 {
		return // the command ends with an error
	}
	set := r.Translation.Set
	p.out.line("Serving %s, version %s; %s. Changes are applied at once, Ctrl-C stops.",
		plural(len(set.Files), "file"), short(r.Served.Version), counts(r.Served))
	for _, e := range p.echoes {
		p.out.line("Backend %s answers on http://%s", e.name, e.address)
	}
	examples := standalone.Examples(r.Served, p.bind)
	for _, l := range r.Served.Listeners {
		p.out.line("")
		p.out.line("%s %s%s", p.out.paint(bold, "listener "+l.ID+":"), standalone.URL(&l, p.bind), hostnames(&l))
		for i, e := range ofListener(examples, l.ID) {
			if i == maxExamples {
				p.out.line("  ... and more: kubera translate shows all routes")
				break
			}
			p.out.line("  %s", e.Command)
		}
	}
}

// hostnames says which a listener is for, if there is such a thing.
func hostnames(l *config.Listener) string {
	switch {
	case l.Protocol == config.TCP || l.Protocol == config.UDP:
		return ""
	case l.Hostname == "":
		return " for every hostname"
	}
	return " for " + l.Hostname
}

func ofListener(examples []standalone.Example, listener string) []standalone.Example {
	var list []standalone.Example
	for _, e := range examples {
		if e.Listener == listener {
			list = append(list, e)
		}
	}
	return list
}

func counts(cfg *config.Config) string {
	return strings.Join([]string{
		plural(len(cfg.Listeners), "listener"), plural(len(cfg.Routes), "route"), plural(len(cfg.Backends), "backend"),
	}, ", ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// short is enough of a version to tell it from others.
func short(version string) string {
	return version[:min(len(version), 8)]
}
