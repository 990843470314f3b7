// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package terminal

import (
	"context"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

func start(t *testing.T) *Terminal {
	t.Helper()
	return Start(t, Options{Dir: t.TempDir(), Env: os.Environ(), Alone: true})
}

func run(t *testing.T, terminal *Terminal, command string) Result {
	t.Helper()
	result, err := terminal.Run(t.Context(), command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return result
}

func TestShellKeepsItsState(t *testing.T) {
	terminal := start(t)
	run(t, terminal, "mkdir a; cd a; A='b c'")
	if have, want := run(t, terminal, `echo "$A"; basename "$PWD" >&2; false`), (Result{"b c\na\n", 1}); have != want {
		t.Errorf("have %+v, want %+v", have, want)
	}
	if have, want := run(t, terminal, "cat"), (Result{}); have != want {
		t.Errorf("a command that reads: have %+v, want %+v", have, want)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	terminal := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := terminal.Run(ctx, "sleep 600"); err == nil {
		t.Error("no error for a command that does not end")
	}
	if _, err := terminal.Run(t.Context(), "true"); err == nil {
		t.Error("the shell goes on, with a command that nobody waits for")
	}
}

func TestServer(t *testing.T) {
	terminal := start(t)
	server, err := terminal.Serve("echo one; cat & sleep 600")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Await(t.Context(), func(output string) bool { return output == "one\n" }); err != nil {
		t.Fatal(err)
	}
	server.Seen()
	if have := server.Output(); have != "" {
		t.Errorf("%q was seen", have)
	}
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(-server.group, 0); err == nil {
		t.Error("processes of the server go on")
	}
	if err := server.Await(t.Context(), func(string) bool { return false }); err == nil {
		t.Error("no error for output of a server that has ended")
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	server, err := start(t).Serve("sleep 600")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := server.Await(ctx, func(string) bool { return false }); err == nil {
		t.Error("no error for output that does not come")
	}
}

func TestServersEndWithTheTest(t *testing.T) {
	var server *Server
	t.Run("inner", func(t *testing.T) {
		var err error
		if server, err = start(t).Serve("sleep 600"); err != nil {
			t.Fatal(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), grace)
	defer cancel()
	for server.runs() {
		if ctx.Err() != nil {
			t.Fatal("the server goes on")
		}
		time.Sleep(interval)
	}
}

func TestLoopbackOfItsOwn(t *testing.T) {
	terminal := start(t)
	if !terminal.alone {
		t.Log("this system has none to give")
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	result := run(t, terminal, "exec 9<>/dev/tcp/127.0.0.1/"+port)
	if result.Code == 0 || !strings.Contains(result.Output, "refused") {
		t.Errorf("the machine's loopback, or none: %+v", result)
	}
}
