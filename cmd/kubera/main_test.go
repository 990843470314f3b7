// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.yaml")
	if err := os.WriteFile(broken, []byte("kind: [\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		want string // on standard error
	}{
		{[]string{"version"}, 0, ""},
		{[]string{"--help"}, 0, ""},
		{[]string{"translate", "-f", quickstart}, 0, ""},
		{[]string{"translate", "-f", broken}, 1, broken + ":1: broken YAML: "},
		{[]string{"translate"}, 2, "which files?"},
		{[]string{"translate", "-f", dir, "-o", "toml"}, 2, "must be yaml or json"},
		{[]string{"translate", "-f", dir, "extra"}, 2, "extra"},
		{[]string{"run", "-f", broken}, 1, "there is nothing to serve"},
		{[]string{"run", "-f", dir, "--bind", "nowhere"}, 2, "--bind nowhere: must be an IP address"},
		{[]string{"run", "-f", dir, "--echo", "x"}, 2, "NAME=HOST:PORT"},
		{[]string{"run", "-f", dir, "--echo", "a=127.0.0.1:99999"}, 2, "--echo a=127.0.0.1:99999: the port must be a number from 1 to 65535"},
		{[]string{"run", "--nonsense"}, 2, "unknown flag"},
		{[]string{"nonsense"}, 2, "unknown command"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			p := start(t, test.args...)
			if code := p.wait(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if text := p.err.text(); !strings.Contains(text, test.want) {
				t.Errorf("standard error %q, want %q", text, test.want)
			}
		})
	}
}

// TestRunTLS serves a certificate from a Secret.
func TestRunTLS(t *testing.T) {
	offset := freeOffset(t, 80, 443)
	p := start(t, "run", "-f", "../../examples/tls", "--port-offset", strconv.Itoa(offset))
	command := strings.TrimSpace(p.out.await(t, 0, "  curl -i -k --resolve secure.example.com:"))
	if have := perform(t, command); have.body != "This came over TLS.\n" {
		t.Errorf("%+v", have)
	}
	command = strings.TrimSpace(p.out.await(t, 0, "  curl -i -H 'Host: secure.example.com'"))
	have := perform(t, command)
	if location := have.header.Get("Location"); have.status != "HTTP/1.1 301 Moved Permanently" || location != "https://secure.example.com/" {
		t.Errorf("%+v", have)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestEchoBackend runs the command for backends.
func TestEchoBackend(t *testing.T) {
	p := start(t, "echo", "--listen", "127.0.0.1:0", "--name", "v1")
	line := p.out.await(t, 0, "v1 listens on ")
	have := perform(t, "curl -i "+strings.TrimPrefix(line, "v1 listens on ")+"/x")
	if !strings.HasPrefix(have.body, "v1 GET /x\n") {
		t.Errorf("%+v", have)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
