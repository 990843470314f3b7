// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// FuzzResponse compares with net/http: it may accept more, but what both accept
// must be the same, and how the bytes are cut must not matter.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n5;x\r\nhello\r\n0\r\nX-A: 1\r\n\r\n",
		"HTTP/1.0 200 OK\nConnection: keep-alive\n\nhello",
		"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 204\r\nconnection: close\r\n\r\n",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, in []byte, head bool) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		got, err := script(t, method, bytes.NewReader(in))
		slow, slowErr := script(t, method, iotest.OneByteReader(bytes.NewReader(in)))
		if (err == nil) != (slowErr == nil) || got.body != slow.body || got.status != slow.status {
			t.Fatalf("at once %+v, %v; byte by byte %+v, %v", got, err, slow, slowErr)
		}
		if err != nil {
			return
		}
		want, wantBody, err := reference(method, in)
		if err != nil {
			t.Fatalf("accepted %+v, net/http does not: %v", got, err)
		}
		if got.status != want.StatusCode || got.body != wantBody {
			t.Fatalf("status %d, body %q; net/http has %d, %q", got.status, got.body, want.StatusCode, wantBody)
		}
		StripHopByHop(want.Header)
		for _, h := range []http.Header{got.header, want.Header} {
			delete(h, "Content-Length") // net/http removes duplicates elsewhere
			delete(h, "Trailer")
		}
		if diff := cmp.Diff(want.Header, got.header); diff != "" {
			t.Fatalf("header (-net/http +own):\n%s", diff)
		}
	})
}

// reference reads a final response with net/http.
func reference(method string, in []byte) (*http.Response, string, error) {
	r := bufio.NewReader(bytes.NewReader(in))
	for {
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return nil, "", err
		}
		if resp.StatusCode < 200 {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}
}

// FuzzRecords compares with a reading of the whole, however the bytes are cut.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{22, 3, 1, 0, 2, 1, 2, 23, 3, 3, 0, 0}, uint8(3))
	f.Add([]byte{23, 3, 3, 0xff, 0xff, 1}, uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		var whole, cut records
		whole.advance(in)
		for rest := in; len(rest) > 0; {
			n := min(int(step%7)+1, len(rest))
			cut.advance(rest[:n])
			rest = rest[n:]
		}
		rest := in
		for len(rest) >= recordHeader {
			n := recordHeader + int(rest[3])<<8 + int(rest[4])
			if n > len(rest) {
				break
			}
			rest = rest[n:]
		}
		if want := len(rest) == 0; whole.atBoundary() != want || cut.atBoundary() != want {
			t.Fatalf("at a boundary: %v at once, %v in pieces; want %v", whole.atBoundary(), cut.atBoundary(), want)
		}
	})
}
