// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"io"
	"strconv"
	"sync"
	"time"
)

const (
	// chunkRoom is kept free in front of the data for a chunk-size line.
	chunkRoom = 8
	// uploadBuffer is what is read from a client at once.
	uploadBuffer = 32 << 10
	// uploadGrace is how long an upload may take to notice that it has ended
	// after the response has.
	uploadGrace = 50 * time.Millisecond
)

type uploadBuf [chunkRoom + uploadBuffer + 2]byte

var uploadBuffers = sync.Pool{New: func() any { return new(uploadBuf) }}

// upload is the state of the goroutine that sends the body of a request.
type upload struct {
	running  bool
	done     chan struct{}
	readErr  error // of the body; valid once done is closed
	writeErr error // of the connection; valid once done is closed
}

// startUpload sends the body while the caller waits for the response.
func (c *conn) startUpload(q *Request) {
	c.up = upload{running: true, done: make(chan struct{})}
	c.uploaded = true
	go func() {
		defer close(c.up.done)
		c.up.readErr, c.up.writeErr = c.sendBody(q)
		if c.up.readErr != nil {
			// The endpoint will never get the whole request: waiting for its
			// response is in vain. A write error is different: a response may
			// well have been sent before the endpoint stopped reading.
			c.abort()
		}
	}()
}

// sendBody writes what it reads as it comes.
func (c *conn) sendBody(q *Request) (readErr, writeErr error) {
	buf := uploadBuffers.Get().(*uploadBuf)
	defer uploadBuffers.Put(buf)
	inChunks, left := q.chunked(), q.ContentLength
	for {
		n, err := q.Body.Read(buf[chunkRoom : chunkRoom+uploadBuffer])
		if n > 0 {
			piece := buf[chunkRoom : chunkRoom+n]
			if inChunks {
				piece = asChunk(buf, n)
			} else if left -= int64(n); left < 0 {
				return errBodyTooLong, nil
			}
			if _, werr := c.nc.Write(piece); werr != nil {
				return nil, werr
			}
		}
		switch {
		case err == io.EOF && left > 0:
			return io.ErrUnexpectedEOF, nil
		case err == io.EOF && inChunks:
			_, werr := c.nc.Write(appendTrailer(buf[:0], q))
			return nil, werr
		case err == io.EOF, err == nil && left == 0:
			return nil, nil
		case err != nil:
			return err, nil
		}
	}
}

// asChunk puts the chunk-size line in front of n bytes of data and CRLF behind.
func asChunk(buf *uploadBuf, n int) []byte {
	var line [chunkRoom]byte
	size := append(strconv.AppendUint(line[:0], uint64(n), 16), '\r', '\n')
	start := chunkRoom - len(size)
	copy(buf[start:], size)
	end := chunkRoom + n
	buf[end], buf[end+1] = '\r', '\n'
	return buf[start : end+2]
}

// appendTrailer appends the last chunk and the trailer section.
func appendTrailer(dst []byte, q *Request) []byte {
	dst = append(dst, "0\r\n"...)
	if q.Trailer != nil && len(*q.Trailer) > 0 {
		dropForbiddenTrailers(*q.Trailer)
		for name, values := range *q.Trailer {
			for _, v := range values {
				dst = append(dst, name...)
				dst = append(dst, ": "...)
				dst = append(dst, v...)
				dst = append(dst, "\r\n"...)
			}
		}
	}
	return append(dst, "\r\n"...)
}

// stopUpload ends the upload if it is running, and reports whether the whole body
// was sent. If the exchange went well so far, it gets a moment to end by itself.
func (c *conn) stopUpload(q *Request, grace time.Duration) bool {
	if !c.up.running {
		return true
	}
	c.up.running = false
	if !waitFor(c.up.done, grace) {
		c.abort()
		q.InterruptBody()
		<-c.up.done
		return false
	}
	return c.up.readErr == nil && c.up.writeErr == nil
}

// waitFor waits until done is closed, at most for a time.
func waitFor(done <-chan struct{}, limit time.Duration) bool {
	select {
	case <-done:
		return true
	default:
	}
	if limit <= 0 {
		return false
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
