// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// connect opens a connection that is closed when the test ends.
func connect(t testing.TB, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// rawRequest sends bytes and returns the lines that come until the connection is
// closed.
func rawRequest(t testing.TB, address, request string) []string {
	t.Helper()
	c := connect(t, address)
	send(t, c, request)
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(got), "\r\n")
}

func send(t testing.TB, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// expect reads exactly this text.
func expect(t testing.TB, c io.Reader, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != text {
		t.Fatalf("read %q, %v; want %q", got[:n], err, text)
	}
}

// readUntil reads up to and with a text.
func readUntil(t testing.TB, c io.Reader, text string) string {
	t.Helper()
	var got strings.Builder
	one := make([]byte, 1)
	for !strings.HasSuffix(got.String(), text) {
		if _, err := io.ReadFull(c, one); err != nil {
			t.Fatalf("read %q, %v; want ... %q", got.String(), err, text)
		}
		got.Write(one)
	}
	return got.String()
}
