// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// quickstartPort is where the README has the quickstart's listener.
const quickstartPort = ":8080"

// answer is what curl -i prints, parsed.
type answer struct {
	status string // with the protocol
	header http.Header
	body   string
}

// perform does what a printed curl command does.
func perform(t *testing.T, command string) answer {
	t.Helper()
	args := shellWords(command)
	if len(args) < 3 || args[0] != "curl" || args[1] != "-i" {
		t.Fatalf("not a command of ours: %q", command)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, args[len(args)-1], nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{}, ForceAttemptHTTP2: false, DisableCompression: true}
	defer transport.CloseIdleConnections()
	for i := 2; i < len(args)-1; i++ {
		switch args[i] {
		case "-k":
			transport.TLSClientConfig.InsecureSkipVerify = true
			continue
		case "-X":
			request.Method = args[i+1]
		case "-H":
			name, value, _ := strings.Cut(args[i+1], ": ")
			if name == "Host" {
				request.Host = value
			} else {
				request.Header.Add(name, value)
			}
		case "--resolve":
			parts := strings.SplitN(args[i+1], ":", 3)
			transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(parts[2], parts[1]))
			}
		default:
			t.Fatalf("%q has the unknown argument %q", command, args[i])
		}
		i++
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return answer{response.Proto + " " + response.Status, response.Header, string(body)}
}

var words = regexp.MustCompile(`'([^']*)'|(\S+)`)

// shellWords splits a command whose words hold no quotes inside.
func shellWords(command string) []string {
	var list []string
	for _, m := range words.FindAllStringSubmatch(command, -1) {
		list = append(list, m[1]+m[2])
	}
	return list
}

// expectation is a command of the README with its answer.
type expectation struct {
	command string
	want    answer
}

var console = regexp.MustCompile("(?s)```console\n\\$ (.*?)\n(.*?)```")

// expectations reads the console blocks of a README, with another port in the place
// of the one that it has.
func expectations(t *testing.T, readme string, port int) []expectation {
	t.Helper()
	readme = strings.ReplaceAll(readme, quickstartPort, fmt.Sprintf(":%d", port))
	var list []expectation
	for _, m := range console.FindAllStringSubmatch(readme, -1) {
		head, body, ok := strings.Cut(m[2], "\n\n")
		if !ok {
			t.Fatalf("%s: no empty line after the header", m[1])
		}
		lines := strings.Split(head, "\n")
		e := expectation{m[1], answer{status: lines[0], header: http.Header{}, body: body}}
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ": ")
			e.want.header.Add(name, value)
		}
		list = append(list, e)
	}
	return list
}

// meets tells how an answer differs from what the README says, or is empty. An
// answer may have more header fields. The time is another, and so is the length, with
// the length of the port; the body is compared itself.
func (have answer) meets(want answer) string {
	if have.status != want.status {
		return fmt.Sprintf("status %q, want %q", have.status, want.status)
	}
	for name := range want.header {
		if name == "Date" || name == "Content-Length" {
			continue
		}
		if have.header.Get(name) != want.header.Get(name) {
			return fmt.Sprintf("%s is %q, want %q", name, have.header.Get(name), want.header.Get(name))
		}
	}
	if have.body != want.body {
		return fmt.Sprintf("body %q, want %q", have.body, want.body)
	}
	return ""
}
