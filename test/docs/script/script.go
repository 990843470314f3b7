// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubera-dev/kubera/test/docs/page"
)

// Action is what a step does.
type Action int

const (
	// Run runs Command to its end.
	Run Action = iota
	// Serve starts Command, which goes on until the page ends or another command with the
	// same Role is started, as if the reader had ended it.
	Serve
	// Await awaits output of the program that was started last.
	Await
	// Write writes Text to the file Path.
	Write
)

// Class is where a step can be done.
type Class int

const (
	// Local is on any machine.
	Local Class = iota
	// Cluster is where the test cluster is.
	Cluster
	// Nowhere is by no test, for the reason Why.
	Nowhere
)

// Step is one thing that the reader does or sees.
type Step struct {
	Action Action
	Class  Class
	Why    string
	// Elsewhere is the target of make that runs the command instead, of a step that is
	// done Nowhere else.
	Elsewhere string
	// Line of the page.
	Line    int
	Command string
	// Shown says that the page shows what Command prints, which is Want. Where it does
	// not, the command has to succeed.
	Shown bool
	Want  string
	Path  string
	Text  string
}

// Script is what a page comes to.
type Script struct {
	Steps []Step
	// Cluster says that the page as a whole is about the test cluster, Empty that Kubera
	// is not to be there when it begins.
	Cluster, Empty bool
}

// Of reads a page. Problems are commands that are of no known class, and notes and blocks
// that nothing can be made of; each begins with the line.
func Of(p *page.Page) (*Script, []string) {
	w := writer{script: &Script{
		Cluster: slices.Contains(p.Notes, "cluster") || slices.Contains(p.Notes, "cluster: empty"),
		Empty:   slices.Contains(p.Notes, "cluster: empty"),
	}}
	for _, line := range p.Indented {
		w.problem(line, "a code block without a fence: write ```sh or ```text")
	}
	for _, block := range p.Blocks {
		w.block(block)
	}
	return w.script, w.problems
}

type writer struct {
	script   *Script
	problems []string
}

func (w *writer) problem(line int, format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf("%d: ", line)+fmt.Sprintf(format, args...))
}

// block adds the steps of a block, after those of its notes.
func (w *writer) block(b page.Block) {
	class, why, elsewhere, path := Local, "", "", ""
	if w.script.Cluster {
		class = Cluster
	}
	var hidden []string
	for _, note := range b.Notes {
		name, value, _ := strings.Cut(note, ": ")
		switch name {
		case "cluster":
			class = Cluster
		case "not run":
			class, why = Nowhere, value
			if why == "" {
				w.problem(b.Line, "say why this is not run")
			}
		case "elsewhere":
			class, why = Nowhere, value+" does"
			target, ok := strings.CutPrefix(value, "make ")
			if !ok {
				w.problem(b.Line, "say which target of make runs this")
			}
			elsewhere = target
		case "file":
			path = value
		case "run":
			hidden = append(hidden, value)
		default:
			w.problem(b.Line, "the note %q means nothing", note)
		}
	}
	for _, command := range hidden {
		w.command(Step{Class: class, Line: b.Line, Command: command, Why: why, Elsewhere: elsewhere})
	}
	base := Step{Class: class, Line: b.Line, Why: why, Elsewhere: elsewhere}
	switch {
	case path != "":
		base.Action, base.Path, base.Text = Write, path, b.Text
		w.script.Steps = append(w.script.Steps, base)
	case b.Language == "console":
		w.console(base, b.Text)
	case b.Language == "sh":
		w.shell(base, b.Text)
	case b.Language == "":
		w.problem(b.Line, "a code block without a language: commands are console or sh, the rest is text")
	}
}

// console adds commands with what they print.
func (w *writer) console(base Step, text string) {
	if !strings.HasPrefix(text, "$ ") {
		base.Action, base.Shown, base.Want = Await, true, text
		w.script.Steps = append(w.script.Steps, base)
		return
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(text, "$ "), "\n$ ") {
		step := base
		lines := strings.SplitAfter(part, "\n")
		n := continued(lines)
		step.Command = strings.TrimSuffix(strings.Join(lines[:n], ""), "\n")
		step.Want = strings.Join(lines[n:], "")
		step.Shown = strings.TrimSpace(step.Want) != ""
		w.command(step)
		base.Line += len(lines)
	}
}

// shell adds commands alone.
func (w *writer) shell(base Step, text string) {
	lines := strings.SplitAfter(text, "\n")
	for len(lines) > 0 {
		n := continued(lines)
		step := base
		step.Command = strings.TrimSpace(strings.Join(lines[:n], ""))
		if step.Command != "" && !strings.HasPrefix(step.Command, "#") {
			w.command(step)
		}
		base.Line += n
		lines = lines[n:]
	}
}

// continued is how many of the lines the first command has.
func continued(lines []string) int {
	n := 1
	for n < len(lines) && strings.HasSuffix(strings.TrimRight(lines[n-1], "\n"), `\`) {
		n++
	}
	return n
}

func (w *writer) command(step Step) {
	program := programOf(step.Command)
	if step.Class == Local {
		switch {
		case program.matches(clusterPrograms):
			step.Class = Cluster
		case !program.matches(localPrograms):
			w.problem(step.Line, "nobody knows where %q can be run", step.Command)
		}
	}
	if program.matches(servers) {
		step.Action = Serve
	}
	w.script.Steps = append(w.script.Steps, step)
}
