// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asProgram makes this test binary behave as the program that is tested, and
// asSignalled as one that gets two signals.
const (
	asProgram   = "KUBERA_TEST_AS_PROGRAM"
	asSignalled = "KUBERA_TEST_AS_SIGNALLED"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(asProgram) != "":
		os.Exit(run())
	case os.Getenv(asSignalled) != "":
		os.Exit(signalled())
	}
	os.Exit(m.Run())
}

// patience bounds every wait of a test.
const patience = time.Minute

// process is a running kubera.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err *transcript
	exited   chan struct{}
}

// start runs kubera until the test ends.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...), exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.out, p.err = newTranscript(), newTranscript()
	var reading sync.WaitGroup
	reading.Go(func() { p.out.read(stdout) })
	reading.Go(func() { p.err.read(stderr) })
	go func() {
		reading.Wait()
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		if t.Failed() {
			t.Logf("standard output:\n%s\nstandard error:\n%s", p.out.text(), p.err.text())
		}
	})
	return p
}

// stop asks the process to end and gives its exit code.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	return p.wait()
}

func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatal("the process does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// transcript is the lines that a process has written.
type transcript struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed and replaced with each line
}

func newTranscript() *transcript { return &transcript{more: make(chan struct{})} }

func (s *transcript) read(from io.Reader) {
	scanner := bufio.NewScanner(from)
	for scanner.Scan() {
		s.mu.Lock()
		s.lines = append(s.lines, scanner.Text())
		close(s.more)
		s.more = make(chan struct{})
		s.mu.Unlock()
	}
}

func (s *transcript) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// length is the number of lines by now.
func (s *transcript) length() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lines)
}

// await gives the first line after the given number of them that contains text.
func (s *transcript) await(t *testing.T, after int, text string) string {
	t.Helper()
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		lines, more := s.lines, s.more
		s.mu.Unlock()
		for _, line := range lines[min(after, len(lines)):] {
			if strings.Contains(line, text) {
				return line
			}
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("no line with %q came", text)
		}
	}
}

// given are the ports that were returned before: one may look free again while its
// first user has not come to use it.
var given sync.Map

// freePorts gives ports of loopback that nobody listens on, for programs that have to be
// told one. They are below those that systems give to whoever asks for any port, so that
// tests that run at the same time do not take them before they are used.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for tries := 0; len(ports) < n; tries++ {
		if tries == 1000 {
			t.Fatal("no free ports")
		}
		if port := 10_000 + rand.N(20_000); free(port) {
			ports = append(ports, port)
		}
	}
	return ports
}

// free says whether nobody has the port and it was not given before. It is given then.
func free(port int) bool {
	listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	_ = listener.Close()
	_, again := given.LoadOrStore(port, true)
	return !again
}

// freeOffset gives a --port-offset for which the ports are free.
func freeOffset(t *testing.T, ports ...int) int {
	t.Helper()
	for range 100 {
		offset := freePorts(t, 1)[0] - ports[0]
		taken := func(port int) bool { return !free(port + offset) }
		if !slices.ContainsFunc(ports[1:], taken) {
			return offset
		}
	}
	t.Fatal("no free ports")
	return 0
}
