// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bytes"
	"io"
	"sync"
)

const (
	// smallBuffer is what an idle connection holds; most responses fit.
	smallBuffer = 4 << 10
	// bigBuffer takes its place while a response is longer.
	bigBuffer = 32 << 10
	// maxHead bounds a response header, and all trailers of a response.
	maxHead = 256 << 10
)

var bigBuffers = sync.Pool{New: func() any { return new([bigBuffer]byte) }}

// reader buffers what an endpoint sends. Unlike bufio.Reader it hands out its
// buffer and borrows a larger one where that pays.
type reader struct {
	src   io.Reader
	buf   []byte
	r, w  int
	small []byte
	big   *[bigBuffer]byte
}

func newReader(src io.Reader) reader {
	small := make([]byte, smallBuffer)
	return reader{src: src, buf: small, small: small}
}

// buffered returns what was read and not consumed. Valid until the next fill.
func (b *reader) buffered() []byte { return b.buf[b.r:b.w] }

func (b *reader) consume(n int) { b.r += n }

// room is where more may be put, while w says how far it was; at least a byte
// after settle.
func (b *reader) room() []byte { return b.buf[b.w:] }

// fill reads once, and returns nil only if there is more than before.
func (b *reader) fill() error {
	if b.r == b.w {
		b.r, b.w = 0, 0
	}
	if b.w == len(b.buf) {
		b.makeRoom()
	}
	for range 100 {
		n, err := b.src.Read(b.room())
		if n > 0 {
			b.w += n
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// makeRoom moves what is buffered to the front of the buffer, or of a larger one.
func (b *reader) makeRoom() {
	if b.r > 0 {
		b.w = copy(b.buf, b.buf[b.r:b.w])
		b.r = 0
		return
	}
	if b.big == nil {
		b.borrow()
		return
	}
	larger := make([]byte, 2*len(b.buf))
	b.w = copy(larger, b.buf[:b.w])
	b.buf = larger
}

// borrow takes a big buffer, to be given back by settle.
func (b *reader) borrow() {
	if b.big != nil {
		return
	}
	b.big = bigBuffers.Get().(*[bigBuffer]byte)
	b.w = copy(b.big[:], b.buf[b.r:b.w])
	b.r = 0
	b.buf = b.big[:]
}

// settle gives back what was borrowed. What is buffered is lost.
func (b *reader) settle() {
	if b.big != nil {
		bigBuffers.Put(b.big)
		b.big = nil
	}
	b.buf, b.r, b.w = b.small, 0, 0
}

// block returns a block of lines up to and with the empty line that ends it,
// reading as needed. The block is consumed; it is valid until the next fill.
// At the end of input in front of its first byte the error is io.EOF.
func (b *reader) block(limit int) ([]byte, error) {
	for scanned := 0; ; {
		data := b.buffered()
		end, next := blockEnd(data, scanned)
		if end > limit {
			return nil, errHeadTooLarge
		}
		if end > 0 {
			b.consume(end)
			return data[:end], nil
		}
		scanned = next
		if len(data) >= limit {
			return nil, errHeadTooLarge
		}
		if err := b.fill(); err != nil {
			if err == io.EOF && len(data) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// blockEnd looks for the end of the empty line that ends a block of lines, from
// the beginning of a line at offset from. Without one it returns 0 and the
// offset to go on from.
func blockEnd(data []byte, from int) (end, next int) {
	for {
		i := bytes.IndexByte(data[from:], '\n')
		if i < 0 {
			return 0, from
		}
		if i == 0 || i == 1 && data[from] == '\r' {
			return from + i + 1, 0
		}
		from += i + 1
	}
}
