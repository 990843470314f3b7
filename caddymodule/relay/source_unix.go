// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package relay

import (
	"io"
	"net"
	"os"
	"syscall"
)

// source reads from a connection in clear text, and takes a buffer only when there is
// something to read.
type source struct {
	raw  syscall.RawConn
	step func(fd uintptr) (done bool)

	buf *[bufferSize]byte
	n   int
	err error
}

func newSource(tcp *net.TCPConn) (*source, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &source{raw: raw}
	s.step = s.take
	return s, nil
}

// read waits for something to read, and returns it in a buffer that is to be given
// back; or an error, which is io.EOF at the end.
func (s *source) read() (*[bufferSize]byte, int, error) {
	if err := s.raw.Read(s.step); err != nil {
		return nil, 0, err
	}
	buf := s.buf
	s.buf = nil
	if s.err != nil {
		return nil, 0, s.err
	}
	return buf, s.n, nil
}

// take is called by RawConn.Read, and again when there is something to read if it has
// returned false.
func (s *source) take(fd uintptr) (done bool) {
	buf := buffers.Get().(*[bufferSize]byte)
	n, err := syscall.Read(int(fd), buf[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf[:])
	}
	switch {
	case err == nil && n > 0:
		s.buf, s.n, s.err = buf, n, nil
		return true
	case err == nil:
		s.err = io.EOF
	case err != syscall.EAGAIN:
		s.err = os.NewSyscallError("read", err)
	}
	buffers.Put(buf)
	return err != syscall.EAGAIN
}
