// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bytes"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// maxChunkLine bounds a chunk-size line with its extensions, which are ignored.
const maxChunkLine = 4 << 10

// chunkPhase is what a chunked body is about to read.
type chunkPhase int

const (
	phaseSize chunkPhase = iota
	phaseData
	phaseDataEnd
	phaseTrailer
	phaseDone
)

// chunkedBody decodes the chunked transfer coding (RFC 9112, 7.1) from a reader.
// Lines must end in CRLF: what other readers might take for the end of a chunk
// must not differ from what this one takes for it.
type chunkedBody struct {
	phase     chunkPhase
	remaining int64 // of the chunk, in phaseData
	trailer   http.Header
}

// step goes on in what is buffered. It reports whether it needs more, and is
// called neither in phaseData with data at hand nor in phaseDone.
func (c *chunkedBody) step(b *reader) (needMore bool, err error) {
	data := b.buffered()
	switch c.phase {
	case phaseData:
		return true, nil
	case phaseSize:
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			if len(data) >= maxChunkLine {
				return false, errMalformedChunk
			}
			return true, nil
		}
		c.remaining, err = parseChunkSize(data[:i])
		if err != nil {
			return false, err
		}
		b.consume(i + 1)
		c.phase = phaseData
		if c.remaining == 0 {
			c.phase = phaseTrailer
		}
	case phaseDataEnd:
		if len(data) < 2 {
			return true, nil
		}
		if data[0] != '\r' || data[1] != '\n' {
			return false, errMalformedChunk
		}
		b.consume(2)
		c.phase = phaseSize
	case phaseTrailer:
		end, _ := blockEnd(data, 0)
		if end == 0 {
			if len(data) >= maxHead {
				return false, errHeadTooLarge
			}
			return true, nil
		}
		// Nothing is consumed before it is known to be good: whoever asks again
		// after an error must get it again, not the end of the body.
		block := data[:end]
		if bytes.Count(block, []byte("\n")) != bytes.Count(block, []byte("\r\n")) {
			return false, errMalformedChunk
		}
		if len(block) > 2 {
			trailer := http.Header{}
			if err := parseFields(block, trailer); err != nil {
				return false, err
			}
			dropForbiddenTrailers(trailer)
			c.trailer = trailer
		}
		b.consume(end)
		c.phase = phaseDone
	}
	return false, nil
}

// take consumes the data at hand, at most what is left of the chunk.
func (c *chunkedBody) take(b *reader) []byte {
	data := b.buffered()
	if int64(len(data)) > c.remaining {
		data = data[:c.remaining]
	}
	b.consume(len(data))
	c.remaining -= int64(len(data))
	if c.remaining == 0 {
		c.phase = phaseDataEnd
	}
	return data
}

// hasData reports whether take would give something.
func (c *chunkedBody) hasData(b *reader) bool {
	return c.phase == phaseData && b.r < b.w
}

// parseChunkSize reads a chunk-size line without its LF.
func parseChunkSize(line []byte) (int64, error) {
	n := len(line)
	if n == 0 || line[n-1] != '\r' || n > maxChunkLine {
		return 0, errMalformedChunk
	}
	line = line[:n-1]
	if i := bytes.IndexByte(line, ';'); i >= 0 {
		if err := validValue(line[i:]); err != nil {
			return 0, errMalformedChunk
		}
		line = bytes.TrimRight(line[:i], " \t")
	}
	if len(line) == 0 || len(line) > 15 {
		return 0, errMalformedChunk
	}
	var size int64
	for _, c := range line {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, errMalformedChunk
		}
		size = size<<4 | int64(c)
	}
	return size, nil
}

// dropForbiddenTrailers removes what must not come in a trailer section, since a
// reader that merges it into the header would be misled (RFC 9110, 6.5.1): what
// frames, routes or authenticates a message, what says where it comes from, and
// names that are none, which net/http lets through in the trailers of a request.
func dropForbiddenTrailers(h http.Header) {
	StripHopByHop(h)
	for _, name := range [...]string{
		"Authorization", "Cache-Control", "Content-Encoding", "Content-Length", "Content-Range",
		"Content-Type", "Cookie", "Expect", "Forwarded", "Host", "Max-Forwards", "Set-Cookie", "Trailer", "Www-Authenticate",
	} {
		delete(h, name)
	}
	for name := range h {
		if strings.HasPrefix(name, "X-Forwarded-") || !httpguts.ValidHeaderFieldName(name) {
			delete(h, name)
		}
	}
}
