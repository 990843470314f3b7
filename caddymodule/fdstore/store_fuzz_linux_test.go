// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"bytes"
	"net"
	"os"
	"testing"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// FuzzStore sends packets, a line each, whose first byte says which descriptors go
// with it. Whatever comes, nothing of it stays open but what is held.
func FuzzStore(f *testing.F) {
	for _, seed := range []string{
		"0take", "1socket :80\n0done 1\n0take", "1socket :80\n1socket :80\n0done 1", "1socket :80\n0take\n0take",
		"0socket :80", "1take", "1done 1", "2socket :80\n0done 1", "3socket :80", "1nonsense\n0", "4socket :81",
	} {
		f.Add([]byte(seed))
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { ln.Close() })
	listening, err := ln.(*net.TCPListener).File()
	if err != nil {
		f.Fatal(err)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		f.Fatal(err)
	}
	sets := [][]int{
		{}, {int(listening.Fd())}, {int(file.Fd())},
		{int(listening.Fd()), int(listening.Fd())}, {int(listening.Fd()), int(file.Fd()), int(listening.Fd())},
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 1<<12 {
			return // nobody reads before all is sent
		}
		before := descriptors(t)
		proxy, served := pair(t)
		for line := range bytes.SplitSeq(script, []byte{'\n'}) {
			if len(line) == 0 {
				continue
			}
			var rights []byte
			if fds := sets[int(line[0])%len(sets)]; len(fds) > 0 {
				rights = unix.UnixRights(fds...)
			}
			if _, _, err := proxy.WriteMsgUnix(line[1:], rights, nil); err != nil {
				break // it is too long
			}
		}
		if err := proxy.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		s := &Store{opts: StoreOptions{Logger: zap.NewNop()}, held: map[string]int{}}
		next := map[string]int{}
		if err := s.speak(served, next); err == nil {
			t.Error("it does not end")
		}
		proxy.Close()
		served.Close()
		if got, want := descriptors(t)-before, len(s.held)+len(next); got != want {
			t.Errorf("%d descriptors are open, %d are held", got, want)
		}
		s.replace(nil)
		for _, fd := range next {
			closeDescriptor(fd)
		}
	})
}

// pair returns the two ends of a connection.
func pair(t *testing.T) (conn, conn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]conn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "")
		c, err := net.FileConn(file)
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		ends[i] = conn{c.(*net.UnixConn)}
	}
	return ends[0], ends[1]
}
