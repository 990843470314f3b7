// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/pki"
	"github.com/kubera-dev/kubera/test/loopback"
)

// program is kubera-proxy, built once.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kubera-proxy")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "kubera-proxy")
	build := exec.Command("go", "build", "-ldflags", "-X main.version=v0.0.0-test", "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// serverName is what the certificate of the proxies under test names.
var serverName = pki.ServerName("test", "gw")

// directory writes the files of the control port.
func directory(t testing.TB, authority *pki.Authority, dir string) {
	t.Helper()
	data, err := authority.IssueServer(serverName, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range data {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func newAuthority(t testing.TB) *pki.Authority {
	t.Helper()
	a, err := pki.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// output collects what a process writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a running kubera-proxy.
type process struct {
	t               testing.TB
	cmd             *exec.Cmd
	log             *output
	exited          chan struct{}
	control, status string
	authority       *pki.Authority
	client          *http.Client
}

// start runs the program, which is ended with the test.
func start(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(program, args...), log: &output{}, exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.Dir = t.TempDir()
	// Caddy must write nothing at home.
	p.cmd.Env = append(os.Environ(), "HOME="+p.cmd.Dir, "XDG_CONFIG_HOME="+p.cmd.Dir, "XDG_DATA_HOME="+p.cmd.Dir)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // exitCode says it
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("kubera-proxy %v wrote:\n%s", args, p.log)
		}
	})
	return p
}

// kill ends the process as a crash would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // or it has ended
	<-p.exited
}

func (p *process) exitCode() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		p.t.Fatal("the process does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// serveIn starts "serve" with the state and the certificates in dir.
func serveIn(t testing.TB, dir string, authority *pki.Authority, more ...string) *process {
	t.Helper()
	directory(t, authority, dir)
	control, status := loopback.FreeAddress(t), loopback.FreeAddress(t)
	p := start(t, slices.Concat([]string{
		"serve", "--control-listen", control, "--control-dir", dir, "--status-listen", status,
		"--state-file", filepath.Join(dir, "state.json"), "--bind-host", "127.0.0.1",
		"--drain-delay", "0s", "--drain-timeout", "10s",
	}, more)...)
	p.control, p.status, p.authority = control, status, authority
	var identity pki.Identity
	identity.Set(authority)
	tlsConfig, err := identity.ClientConfig(serverName)
	if err != nil {
		t.Fatal(err)
	}
	p.client = newClient(t, tlsConfig)
	eventually(t, "the process is there", func() bool {
		code, _ := get(t, "http://"+status+"/healthz")
		return code == http.StatusOK
	})
	return p
}

func newClient(t testing.TB, tlsConfig *tls.Config) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: tlsConfig, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// push sends value and returns the status and the decoded answer.
func push[T any](p *process, method, path string, value any) (int, T) {
	p.t.Helper()
	var answer T
	body, err := json.Marshal(value)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequest(method, "https://"+p.control+path, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, answer
}

func (p *process) put(cfg *config.Config) {
	p.t.Helper()
	if code, answer := push[config.Status](p, http.MethodPut, config.PathConfig, cfg); code != http.StatusOK || answer.Version != cfg.Version {
		p.t.Fatalf("the push was answered with %d %+v", code, answer)
	}
}

func (p *process) ready() (int, string) {
	p.t.Helper()
	return get(p.t, "http://"+p.status+"/readyz")
}

// get returns status and body, or 0 and the error.
func get(t testing.TB, url string) (int, string) {
	t.Helper()
	res, err := newClient(t, nil).Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(body)
}

// serving answers with text on the address.
func serving(version, text, address string) *config.Config {
	return &config.Config{
		Version:  version,
		Gateways: []config.Gateway{{ID: "test/gw"}},
		Listeners: []config.Listener{{
			ID: "test/gw/l", Gateway: "test/gw", Protocol: config.HTTP, Port: 80, Address: address,
		}},
		Routes: []config.Route{{
			ID:          "HTTPRoute/test/r",
			Attachments: []config.Attachment{{Listener: "test/gw/l"}},
			Rules: []config.Rule{{Filters: []config.Filter{
				{StaticResponse: &config.StaticResponse{Status: http.StatusOK, Body: []byte(text)}},
			}}},
		}},
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
