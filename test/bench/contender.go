// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// contender is a proxy under comparison.
type contender struct {
	name    string
	address string // where it listens
	files   map[string]string
	command []string

	cmd  *exec.Cmd
	log  bytes.Buffer
	cpu  []float64 // µs for each request, by turn
	rate []float64 // requests a second, by turn
	rss  float64   // MiB after the last turn
}

// startBackend answers with 64 bytes.
func startBackend() *httptest.Server {
	body := bytes.Repeat([]byte("x"), 64)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
}

func (c *contender) start(ctx context.Context) error {
	for path, content := range c.files {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	c.cmd = exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	c.cmd.Stdout, c.cmd.Stderr = &c.log, &c.log
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = 10 * time.Second
	if err := c.cmd.Start(); err != nil {
		return err
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := c.probe(ctx)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			c.stop()
			return fmt.Errorf("%w\n%s", err, c.log.Bytes())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (c *contender) probe(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address+"/", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if n, _ := io.Copy(io.Discard, resp.Body); resp.StatusCode != http.StatusOK || n != 64 {
		return fmt.Errorf("%s with %d bytes", resp.Status, n)
	}
	return nil
}

func (c *contender) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	_ = c.cmd.Wait()
}

var requestsIn = regexp.MustCompile(`(\d+) requests in ([0-9.]+)s`)

// turn puts the load on and notes what it cost.
func (c *contender) turn(ctx context.Context, o options) error {
	before, err := cpuTime(c.cmd.Process.Pid)
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "wrk", "-t", "1", "-c", strconv.Itoa(o.connections),
		"-d", strconv.Itoa(int(o.duration.Seconds()))+"s", "http://"+c.address+"/").CombinedOutput()
	if err != nil {
		return fmt.Errorf("wrk: %w: %s", err, out)
	}
	if bytes.Contains(out, []byte("Non-2xx")) || bytes.Contains(out, []byte("Socket errors")) {
		return fmt.Errorf("not every request was answered:\n%s", out)
	}
	after, err := cpuTime(c.cmd.Process.Pid)
	if err != nil {
		return err
	}
	m := requestsIn.FindSubmatch(out)
	if m == nil {
		return fmt.Errorf("no count in the report of wrk: %s", out)
	}
	n, _ := strconv.ParseFloat(string(m[1]), 64)
	s, _ := strconv.ParseFloat(string(m[2]), 64)
	c.cpu = append(c.cpu, float64((after-before).Microseconds())/n)
	c.rate = append(c.rate, n/s)
	c.rss, err = rss(c.cmd.Process.Pid)
	return err
}

// cpuTime of a process and its children, to the hundredth of a second that
// /proc counts in.
func cpuTime(pid int) (time.Duration, error) {
	const ticks = 100 // USER_HZ, the same on every Linux that Go runs on
	var sum time.Duration
	for _, p := range append(children(pid), pid) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
		if err != nil {
			return 0, err
		}
		// The command, in parentheses, may hold blanks.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		const user, system = 11, 12
		for _, f := range []string{fields[user], fields[system]} {
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, err
			}
			sum += time.Duration(n) * time.Second / ticks
		}
	}
	return sum, nil
}

func rss(pid int) (float64, error) {
	var pages int64
	for _, p := range append(children(pid), pid) {
		statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p))
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
		if err != nil {
			return 0, err
		}
		pages += n
	}
	return float64(pages) * float64(os.Getpagesize()) / (1 << 20), nil
}

func children(pid int) []int {
	var pids []int
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			continue
		}
		for f := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(f); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

func freeAddress() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0"
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}
