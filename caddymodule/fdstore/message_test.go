// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMessages(t *testing.T) {
	for _, m := range []message{
		{verb: take}, {verb: socket, name: "[::1]:8080"}, {verb: socket, name: strings.Repeat("n", maxName)},
		{verb: done}, {verb: done, version: 1<<64 - 1},
	} {
		packet := m.encode()
		if len(packet) > maxMessage {
			t.Errorf("%d bytes", len(packet))
		}
		if got, err := decode(packet); err != nil || got != m {
			t.Errorf("%q was read as %+v, %v", packet, got, err)
		}
	}
	for _, packet := range []string{
		"", " ", "take ", "take it", "taken", "TAKE", "socket", "socket ", "socket a b", "socket a\n", "socket \xff",
		"socket " + strings.Repeat("n", maxName+1), "done", "done ", "done -1", "done +1", "done 01", "done x", "done 1 ",
		"done 18446744073709551616",
	} {
		if m, err := decode([]byte(packet)); err == nil {
			t.Errorf("%q was read as %+v", packet, m)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"take", "socket [::]:80", "done 7", "done 07", "socket  "} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		m, err := decode(packet)
		if err == nil && string(m.encode()) != string(packet) {
			t.Errorf("%q was read as %+v", packet, m)
		}
	})
}
