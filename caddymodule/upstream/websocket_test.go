// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// appendFrame appends a frame with n bytes of payload.
func appendFrame(dst []byte, masked bool, n int) []byte {
	mask := byte(0)
	if masked {
		mask = 0x80
	}
	switch {
	case n < 126:
		dst = append(dst, 0x82, mask|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0x82, mask|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x82, mask|127), uint64(n))
	}
	if masked {
		dst = append(dst, 1, 2, 3, 4)
	}
	return append(dst, make([]byte, n)...)
}

// TestFramesFindBoundaries cuts a stream of frames anywhere.
func TestFramesFindBoundaries(t *testing.T) {
	for _, masked := range []bool{false, true} {
		var stream []byte
		var ends []int
		for _, n := range []int{0, 1, 125, 126, 0, 65_535, 65_536, 3} {
			stream = appendFrame(stream, masked, n)
			ends = append(ends, len(stream))
		}
		for range 100 {
			f := &frames{masked: masked}
			var got []int
			for at := 0; at < len(stream); {
				piece := stream[at:min(len(stream), at+1+rand.IntN(9000))]
				for len(piece) > 0 {
					n := f.advance(piece)
					at, piece = at+n, piece[n:]
					if f.atBoundary() {
						got = append(got, at)
					}
				}
			}
			if !slices.Equal(got, ends) {
				t.Fatalf("masked %v: frames end at %v, want %v", masked, got, ends)
			}
		}
	}
}

func TestCloseFrame(t *testing.T) {
	if want := []byte{0x88, 2, 0x03, 0xe9}; !bytes.Equal(closeFrame(false), want) {
		t.Errorf("%x, want %x", closeFrame(false), want)
	}
	if want := []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9}; !bytes.Equal(closeFrame(true), want) {
		t.Errorf("masked: %x, want %x", closeFrame(true), want)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(appendFrame(appendFrame(nil, true, 200), false, 5))
	f.Add([]byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, bytewise := &frames{}, &frames{}
		whole.advanceAll(in)
		for i := range in {
			bytewise.advanceAll(in[i : i+1])
		}
		if whole.payload != bytewise.payload || whole.have != bytewise.have {
			t.Errorf("at once %+v, byte by byte %+v", whole, bytewise)
		}
	})
}
