// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clienthello

import (
	"net"
	"time"
)

// recorder is the net.Conn that crypto/tls reads a hello from. It keeps what is read,
// and drops what is written, which are alerts.
type recorder struct {
	from Source
	seen []byte
	next int // of seen to be read

	whole      bool
	serverName string
}

func (r *recorder) Read(p []byte) (int, error) {
	if r.next < len(r.seen) {
		n := copy(p, r.seen[r.next:])
		r.next += n
		return n, nil
	}
	room := MaxBytes - len(r.seen)
	if room <= 0 {
		return 0, errTooLong
	}
	n, err := r.from.Read(p[:min(len(p), room)])
	r.seen = append(r.seen, p[:n]...)
	r.next = len(r.seen)
	return n, err
}

func (r *recorder) Write(p []byte) (int, error)      { return len(p), nil }
func (r *recorder) Close() error                     { return nil }
func (r *recorder) LocalAddr() net.Addr              { return nil }
func (r *recorder) RemoteAddr() net.Addr             { return nil }
func (r *recorder) SetDeadline(time.Time) error      { return nil }
func (r *recorder) SetReadDeadline(time.Time) error  { return nil }
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }
