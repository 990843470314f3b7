// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import "encoding/binary"

// closeGoingAway is the status code of a close frame sent by who shuts down
// (RFC 6455, 7.4.1).
const closeGoingAway = 1001

// frames finds where the frames of a WebSocket end (RFC 6455, 5.2). It looks at
// their headers only and judges nothing.
type frames struct {
	masked bool // whether frames of this direction are

	header  [14]byte
	have    int    // bytes of header
	payload uint64 // bytes left of the frame after its header
}

// atBoundary reports whether a frame of our own may be put in.
func (f *frames) atBoundary() bool { return f.have == 0 && f.payload == 0 }

// advance goes on over p, to the end of the frame at most, and returns how far.
func (f *frames) advance(p []byte) int {
	n := 0
	for n < len(p) {
		if f.payload > 0 {
			skip := min(f.payload, uint64(len(p)-n))
			n += int(skip)
			if f.payload -= skip; f.payload == 0 {
				return n
			}
			continue
		}
		f.header[f.have] = p[n]
		f.have++
		n++
		if f.have < 2 || f.have < f.headerLength() {
			continue
		}
		f.payload = f.length()
		f.have = 0
		if f.payload == 0 {
			return n
		}
	}
	return n
}

func (f *frames) advanceAll(p []byte) {
	for len(p) > 0 {
		p = p[f.advance(p):]
	}
}

// headerLength is known from the second byte on.
func (f *frames) headerLength() int {
	n := 2
	switch f.header[1] & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if f.header[1]&0x80 != 0 {
		n += 4
	}
	return n
}

func (f *frames) length() uint64 {
	switch n := f.header[1] & 0x7f; n {
	case 126:
		return uint64(binary.BigEndian.Uint16(f.header[2:]))
	case 127:
		return binary.BigEndian.Uint64(f.header[2:])
	default:
		return uint64(n)
	}
}

// closeFrame is a close frame with status 1001. What goes to a server must be
// masked; any key will do where nothing in between is to be protected from the
// content.
func closeFrame(masked bool) []byte {
	frame := []byte{0x88, 2}
	if masked {
		frame = []byte{0x88, 0x80 | 2, 0, 0, 0, 0}
	}
	return binary.BigEndian.AppendUint16(frame, closeGoingAway)
}
