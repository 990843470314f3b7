// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	// A change of the program that is built here has to be one of this test, or a
	// cached result would stand for it.
	_ "github.com/kubera-dev/kubera/caddymodule"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// The names in the certificates of the control channel.
const (
	serverName = "proxy.test"
	clientURI  = "spiffe://kubera.dev/controller"
)

// proxy is a kubera-proxy process and the channel by which it is told what to serve.
type proxy struct {
	control string // host:port
	status  string // host:port
	client  *http.Client
	pid     int
}

// startProxy builds and starts kubera-proxy, and ends it with the test.
func startProxy(t *testing.T) *proxy {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "kubera-proxy")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/proxy").CombinedOutput(); err != nil {
		t.Fatalf("building kubera-proxy: %v\n%s", err, out)
	}
	ca := certtest.NewCA(t, "soak test")
	controlDir := filepath.Join(dir, "control")
	pair := ca.Issue(serverName, serverName)
	write(t, filepath.Join(controlDir, "tls.crt"), pair.Cert)
	write(t, filepath.Join(controlDir, "tls.key"), pair.Key)
	write(t, filepath.Join(controlDir, "ca.crt"), ca.PEM)

	p := &proxy{control: loopback.FreeAddress(t), status: loopback.FreeAddress(t)}
	p.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs: ca.Pool(), Certificates: []tls.Certificate{ca.IssueURI(clientURI).TLS(t)},
			ServerName: serverName, MinVersion: tls.VersionTLS13,
		},
		ForceAttemptHTTP2: true,
	}}
	t.Cleanup(p.client.CloseIdleConnections)

	cmd := exec.Command(binary, "serve",
		"--control-listen", p.control, "--control-dir", controlDir,
		"--status-listen", p.status, "--state-file", filepath.Join(dir, "config.json"),
		"--bind-host", "127.0.0.1", "--drain-delay", "0s", "--drain-timeout", "5s", "--admin", "off")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("kubera-proxy ended with %v", err)
		}
		if t.Failed() {
			t.Logf("log of kubera-proxy:\n%s", log.Bytes())
		}
	})
	p.await(t, "the control port", func(ctx context.Context) error {
		_, err := p.do(ctx, http.MethodGet, config.PathStatus, nil)
		return err
	})
	return p
}

// put sends a whole configuration.
func (p *proxy) put(t *testing.T, cfg *config.Config) {
	t.Helper()
	if _, err := p.do(t.Context(), http.MethodPut, config.PathConfig, cfg); err != nil {
		t.Fatal(err)
	}
}

// do sends v as JSON and gives the answer's body; any status but 200 is an error.
func (p *proxy) do(ctx context.Context, method, path string, v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "https://"+p.control+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	return answer, nil
}

func (p *proxy) awaitReady(t *testing.T) {
	t.Helper()
	p.await(t, "readiness", func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.status+"/readyz", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("/readyz: %s", resp.Status)
		}
		return nil
	})
}

// await tries until it succeeds, for at most half a minute.
func (p *proxy) await(t *testing.T, what string, try func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v", what, err)
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
