// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// bufferSize takes two records of TLS (RFC 8446, 5.1).
	bufferSize = 32 << 10
	// spliceTime is how long the kernel moves bytes until it is looked whether there are
	// still many.
	spliceTime = time.Second
	// tlsFirst is how much is read at first from TLS, which can't say that there is
	// something without reading it.
	tlsFirst = 512
)

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// direction is one way of a pair.
type direction struct {
	relay    *relay
	from, to Side
	name     string // for errors
	other    *direction
	// ended is set before the end is passed on.
	ended atomic.Bool
	count func(int64)
	moved atomic.Int64
}

// run carries the prefix and what comes until the direction ends or all is cut.
func (d *direction) run(prefix []byte) {
	err := d.carry(prefix)
	if err == io.EOF && d.fromReset() {
		err = syscall.ECONNRESET
	}
	if err == io.EOF {
		d.ended.Store(true)
		if err = d.to.closeWrite(); err == nil {
			return
		}
	}
	d.relay.cut(Reset, fmt.Errorf("%s: %w", d.name, err))
}

// fromReset reports whether what looks like the end was a reset. The kernel tells of one
// only once: it may have told the other direction, which was writing. A connection that
// is closed before this side has ended its own direction was reset.
func (d *direction) fromReset() bool {
	return isClosed(d.from.TCP) && !d.other.ended.Load()
}

// carry returns io.EOF when the direction has come to its end.
func (d *direction) carry(prefix []byte) error {
	if err := d.write(prefix); err != nil {
		return err
	}
	if d.from.TLS != nil {
		return d.carryTLS()
	}
	return d.carryTCP()
}

// write writes a piece and counts it.
func (d *direction) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	var n int
	var err error
	if d.to.TLS != nil {
		n, err = d.to.TLS.Write(p)
	} else {
		n, err = d.to.TCP.Write(p)
	}
	d.add(int64(n))
	return err
}

func (d *direction) add(n int64) {
	d.moved.Add(n)
	if d.count != nil {
		d.count(n)
	}
}

// carryTCP carries what comes in clear text.
func (d *direction) carryTCP() error {
	src, err := newSource(d.from.TCP)
	if err != nil {
		return err
	}
	for {
		buf, n, err := src.read()
		if err != nil {
			return err
		}
		err = d.write(buf[:n])
		buffers.Put(buf)
		if err != nil {
			return err
		}
		if n == bufferSize && d.to.TLS == nil {
			if err := d.splice(); err != nil {
				return err
			}
		}
	}
}

// splice lets the kernel carry bytes for a while, without a copy.
func (d *direction) splice() error {
	if err := d.from.TCP.SetReadDeadline(time.Now().Add(spliceTime)); err != nil {
		return err
	}
	n, err := d.to.TCP.ReadFrom(d.from.TCP)
	d.add(n)
	switch {
	case err == nil:
		return io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		return d.from.TCP.SetReadDeadline(time.Time{})
	}
	return err
}

// carryTLS carries what comes over TLS. What is there can't be seen from outside, as
// it may be in the buffers of crypto/tls: so something small is read first, and what
// is left of its record then.
func (d *direction) carryTLS() error {
	var first [tlsFirst]byte
	for {
		n, err := d.from.TLS.Read(first[:])
		if n == tlsFirst && err == nil {
			err = d.rest(&first)
		} else if werr := d.write(first[:n]); werr != nil {
			return werr
		}
		if err != nil {
			return err
		}
	}
}

// rest writes a piece and what has been decrypted behind it.
func (d *direction) rest(first *[tlsFirst]byte) error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	n := copy(buf[:], first[:])
	// The deadline keeps it from waiting for another record. crypto/tls goes on
	// after it.
	if err := d.from.TLS.SetReadDeadline(longAgo); err != nil {
		return err
	}
	more, err := d.from.TLS.Read(buf[n:])
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		err = d.from.TLS.SetReadDeadline(time.Time{})
	}
	if werr := d.write(buf[:n+more]); werr != nil {
		return werr
	}
	return err
}
