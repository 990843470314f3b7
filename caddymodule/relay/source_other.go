// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package relay

import "net"

// source reads from a connection in clear text. It holds a buffer while it waits.
type source struct{ tcp *net.TCPConn }

func newSource(tcp *net.TCPConn) (*source, error) { return &source{tcp}, nil }

// read waits for something to read, and returns it in a buffer that is to be given
// back; or an error, which is io.EOF at the end.
func (s *source) read() (*[bufferSize]byte, int, error) {
	buf := buffers.Get().(*[bufferSize]byte)
	n, err := s.tcp.Read(buf[:])
	if err != nil {
		buffers.Put(buf)
		return nil, 0, err
	}
	return buf, n, nil
}
