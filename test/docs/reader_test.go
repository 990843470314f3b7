// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/test/docs/output"
	"github.com/kubera-dev/kubera/test/docs/script"
	"github.com/kubera-dev/kubera/test/docs/terminal"
)

// patience is for one command.
const patience = 2 * time.Minute

type readerOptions struct {
	page     string
	terminal terminal.Options
	// namespace stands for "default" of the page.
	namespace string
	// repeat says which commands may be given again while what they print is not yet
	// what the page shows, and for how long.
	repeat func(script.Step) time.Duration
}

// reader follows a page.
type reader struct {
	t        *testing.T
	options  readerOptions
	terminal *terminal.Terminal
	// servers by role, and the last that was started.
	servers map[string]*terminal.Server
	last    *terminal.Server
}

func newReader(t *testing.T, o readerOptions) *reader {
	t.Helper()
	if o.repeat == nil {
		o.repeat = func(script.Step) time.Duration { return 0 }
	}
	r := &reader{t: t, options: o, terminal: terminal.Start(t, o.terminal), servers: map[string]*terminal.Server{}}
	t.Cleanup(func() {
		for role := range r.servers {
			r.stop(role)
		}
	})
	return r
}

func (r *reader) follow(steps []script.Step) {
	r.t.Helper()
	for _, step := range steps {
		if err := r.do(step); err != nil {
			r.t.Errorf("%s:%d: %s%v", r.options.page, step.Line, prompt(step), err)
		}
	}
}

func prompt(s script.Step) string {
	if s.Command == "" {
		return ""
	}
	return "$ " + s.Command + "\n"
}

func (r *reader) do(step script.Step) error {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	switch step.Action {
	case script.Write:
		step.Command = fmt.Sprintf("mkdir -p \"$(dirname '%[1]s')\" && cat >'%[1]s' <<'END OF FILE'\n%[2]sEND OF FILE", step.Path, step.Text)
		return r.run(ctx, step)
	case script.Serve:
		return r.serve(ctx, step)
	case script.Await:
		return r.await(ctx, step)
	default:
		return r.run(ctx, step)
	}
}

func (r *reader) run(ctx context.Context, step script.Step) error {
	want := output.Lines(step.Want)
	for end := time.Now().Add(r.options.repeat(step)); ; {
		result, err := r.terminal.Run(ctx, step.Command)
		if r.options.namespace != "" {
			result.Output = strings.ReplaceAll(result.Output, r.options.namespace, "default")
		}
		if err == nil && *update && step.Shown && !output.Matches(want, output.Lines(result.Output)) && time.Now().After(end) {
			return r.show(step, result.Output)
		}
		if err == nil {
			err = judge(step, want, result)
		} else {
			err = fmt.Errorf("%w\n%s", err, result.Output)
		}
		if err == nil || time.Now().After(end) || ctx.Err() != nil {
			return err
		}
		time.Sleep(interval)
	}
}

// interval between two tries of one command.
const interval = 200 * time.Millisecond

func judge(step script.Step, want []string, result terminal.Result) error {
	have := output.Lines(result.Output)
	switch {
	case step.Shown && !output.Matches(want, have):
		return differ(want, have)
	case !step.Shown && result.Code != 0:
		return fmt.Errorf("exit code %d, but the page shows no error:\n%s", result.Code, result.Output)
	}
	return nil
}

// maxDiff is how much of a difference is worth reading.
const maxDiff = 4000

func differ(want, have []string) error {
	diff := cmp.Diff(want, have)
	if len(diff) > maxDiff {
		diff = diff[:maxDiff] + " [...]"
	}
	return fmt.Errorf("(-page +printed):\n%s", diff)
}

// serve starts a program in place of the one that ran under its name, and awaits what the
// page shows.
func (r *reader) serve(ctx context.Context, step script.Step) error {
	role := step.Role()
	r.stop(role)
	server, err := r.terminal.Serve(step.Command)
	if err != nil {
		return err
	}
	r.servers[role], r.last = server, server
	if step.Shown {
		return r.await(ctx, step)
	}
	defer server.Seen()
	err = server.Await(ctx, func(text string) bool { return strings.Contains(text, serves[step.Program()]) })
	if err != nil {
		return fmt.Errorf("%w\n%s", err, server.Output())
	}
	return nil
}

// serves is what programs say when they serve, for pages that don't show it.
var serves = map[string]string{
	"kubera echo":          " listens on ",
	"openssl s_server":     "ACCEPT",
	"kubera run":           "Changes are applied at once",
	"kubera-proxy run":     "serving initial configuration",
	"kubera-proxy serve":   "admin endpoint started",
	"kubectl port-forward": "Forwarding from",
}

func (r *reader) await(ctx context.Context, step script.Step) error {
	if *update {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
	}
	if r.last == nil {
		return fmt.Errorf("no program runs that could print this:\n%s", step.Want)
	}
	want := output.Lines(step.Want)
	defer r.last.Seen()
	err := r.last.Await(ctx, func(text string) bool { return output.Begins(want, output.Lines(text)) })
	if err != nil && *update {
		return r.show(step, r.last.Output())
	}
	if err != nil {
		return fmt.Errorf("%w %w", err, differ(want, output.Lines(r.last.Output())))
	}
	return nil
}

func (r *reader) stop(role string) {
	r.t.Helper()
	server := r.servers[role]
	if server == nil {
		return
	}
	delete(r.servers, role)
	if err := server.Stop(); err != nil {
		r.t.Errorf("%s: %s: %v", r.options.page, role, err)
	}
}
