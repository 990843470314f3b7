// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/test/loopback"
)

// restart is about what a kubelet takes to have a container that was killed running
// again.
const restart = time.Second

// storeProcess is a running "kubera-proxy fdstore".
type storeProcess struct {
	*process
	socket string
}

func startStore(t testing.TB, flags ...string) *storeProcess {
	t.Helper()
	return startStoreAt(t, filepath.Join(t.TempDir(), "socket"), flags...)
}

func startStoreAt(t testing.TB, socket string, flags ...string) *storeProcess {
	t.Helper()
	s := &storeProcess{start(t, append([]string{"fdstore", "--socket", socket}, flags...)...), socket}
	eventually(t, "the store is there", func() bool { return strings.Contains(s.log.String(), "waiting for a proxy") })
	return s
}

// has waits until the store was handed what a proxy listens on.
func (s *storeProcess) has() {
	s.t.Helper()
	eventually(s.t, "the store has the sockets", func() bool {
		return strings.Contains(s.log.String(), "holding what the proxy listens on")
	})
}

func refused(address string) bool {
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// keepsState waits until a process that comes after p in dir can serve.
func keepsState(t testing.TB, dir string) {
	t.Helper()
	eventually(t, "the state is kept", func() bool {
		_, err := os.Stat(filepath.Join(dir, "state.json"))
		return err == nil
	})
}

func TestKillingAProxyRefusesNobody(t *testing.T) {
	dir, authority, address := t.TempDir(), newAuthority(t), loopback.FreeAddress(t)
	store := startStore(t)
	p := serveIn(t, dir, authority, "--fdstore", store.socket)
	p.put(serving("1", "one", address))
	store.has()
	keepsState(t, dir)

	clients := startClients(address)
	defer clients.stop()
	for range 3 {
		clients.answered(t, 200)
		p.kill()
		clients.lose()
		time.Sleep(restart)
		p = serveIn(t, dir, authority, "--fdstore", store.socket)
	}
	// The store may go, and comes back to be killed with the next.
	store.kill()
	clients.answered(t, 200)
	store = startStoreAt(t, store.socket)
	store.has()
	clients.answered(t, 200)
	p.kill()
	clients.lose()
	time.Sleep(restart)
	serveIn(t, dir, authority, "--fdstore", store.socket)
	clients.answered(t, 200)
	clients.stop()
	clients.check(t, 4)
}

func TestAListenerThatIsGoneRefusesThoughAStoreIsThere(t *testing.T) {
	address, other := loopback.FreeAddress(t), loopback.FreeAddress(t)
	store := startStore(t)
	p := serveIn(t, t.TempDir(), newAuthority(t), "--fdstore", store.socket)
	p.put(serving("1", "one", address))
	store.has()
	began := time.Now()
	p.put(serving("2", "two", other))
	eventually(t, "connections are refused", func() bool { return refused(address) })
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
	if _, body := get(t, "http://"+other); body != "two" {
		t.Errorf("served %q", body)
	}
}

func TestAProxyThatCrashesOverAndOverRefuses(t *testing.T) {
	dir, authority, address := t.TempDir(), newAuthority(t), loopback.FreeAddress(t)
	store := startStore(t, "--hold", "2s")
	p := serveIn(t, dir, authority, "--fdstore", store.socket)
	p.put(serving("1", "one", address))
	store.has()
	p.kill()
	if refused(address) {
		t.Error("the sockets were not held")
	}
	began := time.Now()
	for !refused(address) {
		if time.Since(began) > 30*time.Second {
			t.Fatal("clients wait for a proxy that never serves")
		}
		crashes := start(t, "serve", "--fdstore", store.socket, "--control-listen", "off", "--status-listen", "nowhere")
		if crashes.exitCode() == 0 {
			t.Fatal("it does not crash")
		}
	}
	if !strings.Contains(store.log.String(), "no proxy has taken them over") {
		t.Error("it is not in the log of the store")
	}
}

func TestAProxyThatEndsLeavesNothingInTheStore(t *testing.T) {
	address := loopback.FreeAddress(t)
	store := startStore(t)
	p := serveIn(t, t.TempDir(), newAuthority(t), "--fdstore", store.socket)
	p.put(serving("1", "one", address))
	store.has()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !refused(address) {
		t.Error("the socket is open")
	}
	if err := store.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := store.exitCode(); code != 0 {
		t.Errorf("exit code of the store %d", code)
	}
}

func TestFdstoreFailsReadably(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no directory":  {[]string{"--socket", filepath.Join(t.TempDir(), "no", "socket")}, "no such file"},
		"negative hold": {[]string{"--socket", filepath.Join(t.TempDir(), "socket"), "--hold", "-1s"}, "--hold"},
		"argument":      {[]string{"something"}, "something"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, append([]string{"fdstore"}, tc.args...)...)
			if code := p.exitCode(); code == 0 {
				t.Error("exit code 0")
			}
			if !strings.Contains(p.log.String(), tc.want) {
				t.Errorf("wrote %q, want something about %q", p.log, tc.want)
			}
		})
	}
}
