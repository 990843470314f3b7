// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"testing"
)

// TestUsageErrors: a command line that can't be meant is told from bad input, and
// nothing is read or started for it.
func TestUsageErrors(t *testing.T) {
	run := func(flags ...string) []string { return append([]string{"run", "-f", "nowhere"}, flags...) }
	for _, test := range []struct {
		args []string
		want string
	}{
		{run("--echo", "=127.0.0.1:9001"), "--echo =127.0.0.1:9001: must be NAME=HOST:PORT"},
		{run("--echo", "127.0.0.1:9001"), "--echo 127.0.0.1:9001: must be NAME=HOST:PORT"},
		{run("--echo", "a=127.0.0.1"), "--echo a=127.0.0.1: must be NAME=HOST:PORT"},
		{run("--echo", "a=127.0.0.1:99999"), "--echo a=127.0.0.1:99999: the port must be a number from 1 to 65535"},
		{run("--echo", "a=127.0.0.1:0"), "the port must be a number from 1 to 65535"},
		{run("--echo", "a=127.0.0.1:-1"), "the port must be a number from 1 to 65535"},
		{run("--echo", "a=127.0.0.1:"), "the port must be a number from 1 to 65535"},
		{run("--echo", "a=127.0.0.1:http"), "the port must be a number from 1 to 65535"},
		{run("--status", "localhost"), "--status localhost: must be HOST:PORT"},
		{run("--status", "localhost:65536"), "--status localhost:65536: the port must be a number from 1 to 65535"},
		{run("--bind", "localhost"), "--bind localhost: must be an IP address"},
		{run("--admin", "admin.sock"), "--admin admin.sock: must be the absolute path"},
		{run("--log-level", "loud"), "--log-level loud: must be debug, info, warn or error"},
		{run("--drain-timeout", "-1s"), "--drain-timeout must not be negative"},
		{run("--port-offset", "65535"), "--port-offset must be from 0 to 65534"},
		{run("--port-offset", "-1"), "--port-offset must be from 0 to 65534"},
		{[]string{"run"}, "which files?"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			code, out, stderr := kubera(t, "", test.args...)
			if code != ExitUsage || out != "" {
				t.Errorf("exit code %d, standard output %q", code, out)
			}
			if !strings.Contains(stderr, test.want) || !strings.Contains(stderr, "--help") {
				t.Errorf("standard error %q, want %q", stderr, test.want)
			}
		})
	}
}

// TestEchoesStartAllOrNone: of two backends on one address neither is left behind.
func TestEchoesStartAllOrNone(t *testing.T) {
	first, err := startEchoes(t.Context(), []echoBackend{{"a", "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	first.stop()
	if _, err := startEchoes(t.Context(), []echoBackend{{"a", "127.0.0.1:0"}, {"b", "127.0.0.1:99999"}}); err == nil ||
		!strings.Contains(err.Error(), "--echo b=127.0.0.1:99999") {
		t.Errorf("error %v", err)
	}
}
