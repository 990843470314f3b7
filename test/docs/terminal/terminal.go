// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package terminal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Options of a terminal.
type Options struct {
	// Dir is where the shell begins.
	Dir string
	// Env are all variables, as in exec.Cmd.
	Env []string
	// Alone asks for a loopback of its own. TestMain has to call Main first then.
	Alone bool
}

// Terminal is a shell. It is not for concurrent use.
type Terminal struct {
	shell   *exec.Cmd
	stdin   io.WriteCloser
	replies *bufio.Reader
	scratch string
	count   int
	// alone: with a loopback of its own.
	alone bool
}

// prelude: what still runs ends with the shell, and that with its input, however the test
// ends. Servers read from a reader who types nothing, and does not go away.
const prelude = `trap 'for job in $(jobs -p); do kill -TERM -- "-$job"; done 2>/dev/null' EXIT
mkfifo %[1]s/stdin && exec 4<>%[1]s/stdin && echo 0 >&3`

// Start starts the shell, which ends with the test.
func Start(t testing.TB, o Options) *Terminal {
	t.Helper()
	terminal, err := open(t, o)
	if o.Alone && err != nil {
		t.Logf("no loopback for this test alone, so its ports must be free on this machine: %v", err)
		o.Alone = false
		terminal, err = open(t, o)
	}
	if err != nil {
		t.Fatalf("starting a shell: %v", err)
	}
	t.Cleanup(func() {
		_ = terminal.stdin.Close()
		_ = terminal.shell.Wait()
	})
	return terminal
}

func open(t testing.TB, o Options) (*Terminal, error) {
	shell := exec.Command("bash", "--noprofile", "--norc")
	shell.Dir, shell.Env = o.Dir, o.Env
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Stderr = os.Stderr
	if o.Alone {
		isolate(shell)
	}
	stdin, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	replies, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = write.Close() }()
	shell.ExtraFiles = []*os.File{write}
	if err := shell.Start(); err != nil {
		_ = replies.Close()
		return nil, err
	}
	t.Cleanup(func() { _ = replies.Close() })
	terminal := &Terminal{shell: shell, stdin: stdin, replies: bufio.NewReader(replies), scratch: t.TempDir(), alone: o.Alone}
	if _, err := terminal.ask(fmt.Sprintf(prelude, terminal.scratch)); err != nil {
		_ = stdin.Close()
		_ = shell.Wait()
		return nil, err
	}
	return terminal, nil
}

// Result is how a command ended.
type Result struct {
	// Output is what it printed, to standard output and standard error.
	Output string
	Code   int
}

// Run runs a command to its end. An error means that the shell itself can't go on.
func (t *Terminal) Run(ctx context.Context, command string) (Result, error) {
	at, err := t.write(command)
	if err != nil {
		return Result{}, err
	}
	// What runs in the foreground is of the shell's process group.
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-t.shell.Process.Pid, syscall.SIGKILL) })
	defer stop()
	code, err := t.ask(fmt.Sprintf(`. %[1]s.sh >%[1]s.out 2>&1 </dev/null 4>&-; echo "$?" >&3`, at))
	output, _ := os.ReadFile(at + ".out")
	if ctx.Err() != nil {
		err = fmt.Errorf("it did not end: %w", context.Cause(ctx))
	}
	return Result{string(output), code}, err
}

// Serve starts a command and does not wait for its end.
func (t *Terminal) Serve(command string) (*Server, error) {
	at, err := t.write(command)
	if err != nil {
		return nil, err
	}
	// With a process group of its own, by which it is ended with all that it starts.
	pid, err := t.ask(fmt.Sprintf(`set -m; ( . %[1]s.sh ) >%[1]s.out 2>&1 <&4 3>&- 4>&- & set +m; echo "$!" >&3`, at))
	return &Server{group: pid, output: at + ".out"}, err
}

// write puts a command into a file, so that nothing in it has to be quoted.
func (t *Terminal) write(command string) (string, error) {
	t.count++
	at := filepath.Join(t.scratch, strconv.Itoa(t.count))
	return at, os.WriteFile(at+".sh", []byte(command+"\n"), 0o600)
}

// ask gives the shell a line that ends with a number for an answer.
func (t *Terminal) ask(line string) (int, error) {
	if _, err := io.WriteString(t.stdin, line+"\n"); err != nil {
		return 0, fmt.Errorf("the shell has ended: %w", err)
	}
	reply, err := t.replies.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("the shell has ended: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(reply))
}
