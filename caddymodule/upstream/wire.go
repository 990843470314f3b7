// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// goodbyeWait bounds how long closing a connection waits for a place for the alert
// close_notify, where crypto/tls would wait for five seconds.
const goodbyeWait = 10 * time.Millisecond

// errTruncated stands for the end of a connection that was closed below TLS.
// crypto/tls takes that for io.EOF between records, and anybody on the way can
// bring it about: a response that ends with its connection would look complete
// (RFC 9112, 9.8).
var errTruncated = errors.New("the connection was closed without the alert close_notify of TLS")

// wire is the TCP connection under TLS to an endpoint. Read and silent belong to
// the goroutine that owns the connection.
type wire struct {
	net.Conn
	tls     *tls.Conn // above
	glance  glance
	looking bool // Read must not wait
	records records
	one     [1]byte
	leaving atomic.Bool // the connection is being closed
}

// newWire puts TLS on a connection; the handshake is still to be done.
func newWire(nc net.Conn, c *tls.Config) *wire {
	w := &wire{Conn: nc}
	w.glance.prepare(nc)
	w.tls = tls.Client(w, c)
	return w
}

// Read implements net.Conn.
func (w *wire) Read(p []byte) (n int, err error) {
	if w.looking {
		n, err = w.glance.read(p)
	} else {
		n, err = w.Conn.Read(p)
	}
	w.records.advance(p[:n])
	if err == io.EOF {
		err = errTruncated
	}
	return n, err
}

// silent reports whether the connection is open and the endpoint has said nothing
// on it but what is between the two ends of TLS, such as session tickets and new
// keys (RFC 8446, 4.6), which it takes in. Looking at the socket would not do: what
// came with the last response may be in the buffers of TLS. The error is about the
// deadline of the connection.
func (w *wire) silent() (bool, error) {
	w.looking = true
	_, err := w.tls.Read(w.one[:])
	w.looking = false
	switch {
	case errors.Is(err, errNothingYet):
		// The rest of a record that has begun would be taken for an answer.
		return w.records.atBoundary(), nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, err
	}
	return false, nil
}

// SetWriteDeadline implements net.Conn.
func (w *wire) SetWriteDeadline(t time.Time) error {
	if w.leaving.Load() {
		if soon := time.Now().Add(goodbyeWait); t.After(soon) {
			t = soon
		}
	}
	return w.Conn.SetWriteDeadline(t)
}

// errNothingYet is what a glance finds where there is nothing to read. It is a
// net.Error that says that it will pass: crypto/tls then goes on later.
var errNothingYet net.Error = nothingYet{}

type nothingYet struct{}

func (nothingYet) Error() string   { return "nothing to read yet" }
func (nothingYet) Timeout() bool   { return true }
func (nothingYet) Temporary() bool { return true }

// tlsStream is the endpoint's end of a tunnel. Closing it says no goodbye, which
// could take long where nothing is read any more: if the stream came to its end,
// CloseWrite has said it.
type tlsStream struct {
	*tls.Conn
	wire *wire
}

// Close implements net.Conn.
func (s tlsStream) Close() error { return s.wire.Close() }

// records finds where the records of TLS end (RFC 8446, 5.1). It looks at their
// headers only and judges nothing.
type records struct {
	header  [recordHeader]byte
	have    int // bytes of header
	payload int // bytes left of the record after its header
}

// recordHeader is the length of: a type, a version of two bytes, and two bytes for
// the length of what follows.
const recordHeader = 5

// atBoundary reports whether nothing of a record is there without its end.
func (r *records) atBoundary() bool { return r.have == 0 && r.payload == 0 }

func (r *records) advance(p []byte) {
	for len(p) > 0 {
		if r.payload > 0 {
			n := min(r.payload, len(p))
			r.payload -= n
			p = p[n:]
			continue
		}
		n := copy(r.header[r.have:], p)
		r.have += n
		p = p[n:]
		if r.have == recordHeader {
			r.payload = int(r.header[3])<<8 | int(r.header[4])
			r.have = 0
		}
	}
}
