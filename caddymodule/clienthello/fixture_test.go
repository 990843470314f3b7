// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clienthello

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sent is a Source of bytes, of which at most piece come at a time; all at once if it
// is 0. It ends with EOF.
type sent struct {
	data     []byte
	piece    int
	deadline time.Time
}

func (s *sent) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	if s.piece > 0 {
		p = p[:min(len(p), s.piece)]
	}
	n := copy(p, s.data)
	s.data = s.data[n:]
	return n, nil
}

func (s *sent) SetReadDeadline(t time.Time) error {
	s.deadline = t
	return nil
}

// helloOf is what a client sends first.
func helloOf(t testing.TB, cfg *tls.Config) []byte {
	t.Helper()
	client, server := net.Pipe()
	defer server.Close()
	go func() {
		_ = tls.Client(client, cfg).Handshake() // fails when nobody answers
		client.Close()
	}()
	var hello []byte
	for {
		record := make([]byte, 5)
		if _, err := io.ReadFull(server, record); err != nil {
			t.Fatal(err)
		}
		body := make([]byte, binary.BigEndian.Uint16(record[3:]))
		if _, err := io.ReadFull(server, body); err != nil {
			t.Fatal(err)
		}
		hello = append(append(hello, record...), body...)
		if message := messageOf(hello); len(message) == 4+messageLength(message) {
			return hello
		}
	}
}

// messageOf takes the records away.
func messageOf(hello []byte) (message []byte) {
	for len(hello) > 0 {
		n := 5 + int(binary.BigEndian.Uint16(hello[3:]))
		message = append(message, hello[5:n]...)
		hello = hello[n:]
	}
	return message
}

func messageLength(message []byte) int {
	return int(message[1])<<16 | int(message[2])<<8 | int(message[3])
}

// inRecords puts a message into records of n bytes.
func inRecords(message []byte, n int) (records []byte) {
	for len(message) > 0 {
		part := message[:min(n, len(message))]
		message = message[len(part):]
		records = append(records, 22, 3, 1, byte(len(part)>>8), byte(len(part)))
		records = append(records, part...)
	}
	return records
}

// long is a configuration whose hello has more than n bytes.
func long(name string, n int) *tls.Config {
	cfg := &tls.Config{ServerName: name}
	for size := 0; size < n; size += 255 {
		cfg.NextProtos = append(cfg.NextProtos, strings.Repeat("x", 255))
	}
	return cfg
}
