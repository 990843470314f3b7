// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"io"
	"net/http"
	"slices"
)

// Tee is the body of a request that hands what is read of it to copies. Reading it
// takes no longer for that. Not safe for concurrent use.
type Tee struct {
	src     io.Reader
	left    int64 // of a known length, negative for none
	trailer *http.Header
	bodies  []*Body
	ended   bool
}

// NewTee returns a Tee of a body of this length, -1 if it is not known. trailer is
// what http.Request.Trailer is. It must be closed.
func NewTee(src io.Reader, length int64, trailer *http.Header) *Tee {
	return &Tee{src: src, left: length, trailer: trailer}
}

// Body returns the body of one more copy. To be called before the first Read.
func (t *Tee) Body(s *Sender) *Body {
	b := newBody(s, *t.trailer)
	t.bodies = append(t.bodies, b)
	return b
}

// Read implements io.Reader.
func (t *Tee) Read(p []byte) (int, error) {
	n, err := t.src.Read(p)
	if n > 0 && len(t.bodies) > 0 {
		piece := bytes.Clone(p[:n])
		t.bodies = slices.DeleteFunc(t.bodies, func(b *Body) bool { return !b.write(piece) })
	}
	if t.left >= 0 {
		t.left = max(t.left-int64(n), 0)
	}
	switch {
	case err == io.EOF && t.left <= 0, err == nil && t.left == 0:
		// Whoever knows the length does not read on to the end.
		for _, b := range t.bodies {
			b.finish(*t.trailer)
		}
		t.ended = true
	case err != nil:
		t.Close()
	}
	return n, err
}

// Close gives up the copies that have not got the whole body. The nil Tee has none.
func (t *Tee) Close() {
	if t == nil || t.ended {
		return
	}
	t.ended = true
	for _, b := range t.bodies {
		b.giveUp()
	}
}
