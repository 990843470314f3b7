// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/kubera-dev/kubera/internal/manifest"
)

// printer writes for people. Colours are used on terminals only, and not where
// NO_COLOR is set.
type printer struct {
	out    io.Writer
	colour bool
}

func newPrinter(out io.Writer) *printer {
	p := &printer{out: out}
	if file, ok := out.(*os.File); ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
		p.colour = term.IsTerminal(int(file.Fd()))
	}
	return p
}

type style string

const (
	bold   style = "1"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	dim    style = "2"
)

func (p *printer) paint(s style, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// line ignores write errors: there is nobody left to tell.
func (p *printer) line(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}

// problems prints each on a line of its own: FILE:LINE: KIND NAME: MESSAGE.
func (p *printer) problems(problems []manifest.Problem) {
	for _, problem := range problems {
		at := problem.Position.String()
		problem.Position = manifest.Position{}
		text := p.paint(red, problem.String())
		if problem.Note {
			text = p.paint(dim, "note: "+problem.String())
		}
		if at != "" {
			text = p.paint(bold, at) + ": " + text
		}
		p.line("%s", text)
	}
}
