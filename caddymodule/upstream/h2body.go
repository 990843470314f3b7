// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bytes"
	"io"
	"sync"
)

// h2Body is the body of a request while the Transport has it. The Transport may
// read a body after RoundTrip has returned; stop sees to it that this never
// reaches the client's connection once its request is over.
//
// During a Read the Transport does not return from RoundTrip when the stream has ended
// without a response, nor from closing a response: with a client that says nothing more
// until it gets one, all would wait for ever. So the Transport's context is canceled
// then: by abandon, where it closes the body before a response has begun, and by who
// closes the response, where leave says so.
type h2Body struct {
	interrupt func()
	abandon   func()

	mu  sync.Mutex // held during a Read
	src io.Reader

	state    sync.Mutex // guards what follows, and is never held for long
	busy     bool       // a Read is under way
	ended    bool       // there must be no further Read
	answered bool       // a response has begun
	err      error      // of src
}

func newH2Body(src io.Reader, interrupt, abandon func()) *h2Body {
	return &h2Body{src: src, interrupt: interrupt, abandon: abandon}
}

func bytesReader(b []byte) io.Reader { return bytes.NewReader(bytes.Clone(b)) }

// Read implements io.Reader.
func (b *h2Body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state.Lock()
	if b.ended {
		b.state.Unlock()
		return 0, io.ErrClosedPipe
	}
	b.busy = true
	b.state.Unlock()

	n, err := b.src.Read(p)

	b.state.Lock()
	defer b.state.Unlock()
	b.busy = false
	if err != nil && err != io.EOF && !b.ended {
		b.err = err
	}
	return n, err
}

// Close implements io.Closer. The client's body is closed by who has opened it.
func (b *h2Body) Close() error {
	b.state.Lock()
	b.ended = true
	stuck := b.busy && !b.answered
	b.state.Unlock()
	if stuck {
		b.abandon()
	}
	return nil
}

// answer says that a response has begun. The Transport closes the body of a request
// that was answered with an error, too.
func (b *h2Body) answer() {
	b.state.Lock()
	defer b.state.Unlock()
	b.answered = true
}

// failed returns the error of the client's body.
func (b *h2Body) failed() error {
	b.state.Lock()
	defer b.state.Unlock()
	return b.err
}

// leave sees to it that no Read begins, and says whether one is under way.
func (b *h2Body) leave() (busy bool) {
	b.state.Lock()
	defer b.state.Unlock()
	b.ended = true
	return b.busy
}

// stop ends reading, and waits for a Read that is under way.
func (b *h2Body) stop() {
	if b.leave() && b.interrupt != nil {
		b.interrupt()
	}
	b.mu.Lock()   // until a Read under way has ended
	b.mu.Unlock() //nolint:staticcheck // nothing to do but wait
}
