// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"sync"
)

const (
	// maxLag bounds by how many bytes a copy may be behind its request.
	maxLag = 1 << 20
	// maxLags bounds that for all copies together.
	maxLags = 32 << 20
	// pieceCost is added to the length of each piece that is kept: a body may come
	// byte by byte.
	pieceCost = 64
)

// errGivenUp: the rest of the body does not come.
var errGivenUp = errors.New("the copy was given up")

// Body is the body of a copy: what was read of that of the request. One goroutine
// reads it, another writes to it, by way of a Tee. The nil Body is none.
type Body struct {
	sender *Sender
	// trailer has the names from the beginning on, and values once Read has
	// returned io.EOF. It belongs to the reader.
	trailer http.Header

	mu      sync.Mutex
	changed sync.Cond
	pieces  [][]byte // shared with other copies, not to be changed
	cost    int64    // of pieces
	err     error    // what comes after pieces, nil if that is not known yet
	final   http.Header
}

func newBody(s *Sender, trailer http.Header) *Body {
	b := &Body{sender: s, trailer: make(http.Header, len(trailer))}
	for name := range trailer {
		b.trailer[name] = nil
	}
	b.changed.L = &b.mu
	return b
}

// Read implements io.Reader. It waits until there is something.
func (b *Body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.pieces) == 0 && b.err == nil {
		b.changed.Wait()
	}
	if len(b.pieces) == 0 {
		if errors.Is(b.err, io.EOF) {
			maps.Copy(b.trailer, b.final)
		}
		return 0, b.err
	}
	n := copy(p, b.pieces[0])
	if b.pieces[0] = b.pieces[0][n:]; len(b.pieces[0]) > 0 {
		b.pay(int64(n))
		return n, nil
	}
	b.pieces[0] = nil
	b.pieces = b.pieces[1:]
	b.pay(int64(n) + pieceCost)
	return n, nil
}

// write adds a piece, or gives the copy up if it is too far behind. It returns
// false if no more is wanted.
func (b *Body) write(piece []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return false
	}
	cost := int64(len(piece)) + pieceCost
	b.cost += cost
	if b.sender.buffered.Add(cost) > b.sender.bounds.lags || b.cost > b.sender.bounds.lag {
		b.drop()
		return false
	}
	b.pieces = append(b.pieces, piece)
	b.changed.Signal()
	return true
}

// finish says that the body has been written to its end.
func (b *Body) finish(trailer http.Header) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return
	}
	b.err, b.final = io.EOF, maps.Clone(trailer)
	b.changed.Signal()
}

// giveUp makes Read fail from now on, and one that waits return. A body that has
// been read to its end stays complete.
func (b *Body) giveUp() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !errors.Is(b.err, io.EOF) || len(b.pieces) > 0 {
		b.drop()
	}
}

// drop needs mu.
func (b *Body) drop() {
	b.err, b.pieces = errGivenUp, nil
	b.pay(b.cost)
	b.changed.Signal()
}

// pay takes off what is not held any more. It needs mu.
func (b *Body) pay(cost int64) {
	b.cost -= cost
	b.sender.buffered.Add(-cost)
}
