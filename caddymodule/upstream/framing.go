// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"net/http"
	"strings"
)

// Lengths of a body that are not a number of bytes.
const (
	untilClose = -1
	chunked    = -2
)

// framing is what the header of a final response says about the message and
// the connection.
type framing struct {
	length int64 // or untilClose, chunked
	close  bool  // the connection ends with this response
}

// frame decides how long the body of a response is (RFC 9112, 6.3), and removes
// from h what concerns this connection only. What is ambiguous is refused:
// Transfer-Encoding other than chunked, or in HTTP/1.0, or beside
// Content-Length, and Content-Lengths that differ.
func frame(hd head, method string, h http.Header) (framing, error) {
	f := framing{length: untilClose, close: hd.minor == 0}
	for _, v := range h["Connection"] {
		switch {
		case hasToken(v, "close"):
			f.close = true
		case hd.minor == 0 && hasToken(v, "keep-alive"):
			f.close = false
		}
	}

	lengths, hasLength := h["Content-Length"]
	if hasLength {
		n, err := parseLength(lengths)
		if err != nil {
			return framing{}, err
		}
		f.length = n
		h["Content-Length"] = lengths[:1]
	}
	encodings, isEncoded := h["Transfer-Encoding"]
	if isEncoded {
		if hasLength || hd.minor == 0 || len(encodings) != 1 || !strings.EqualFold(encodings[0], "chunked") {
			return framing{}, errFraming
		}
		f.length = chunked
	}

	switch {
	case hd.status == http.StatusNoContent, hd.status < 200:
		delete(h, "Content-Length")
		f.length = 0
	case method == http.MethodHead, hd.status == http.StatusNotModified:
		f.length = 0
	}
	if f.length != chunked {
		delete(h, "Trailer")
	}
	if f.length == untilClose {
		f.close = true
	}
	StripHopByHop(h)
	return f, nil
}

// parseLength reads Content-Length fields, which may repeat the same number.
func parseLength(values []string) (int64, error) {
	first := values[0]
	for _, v := range values[1:] {
		if v != first {
			return 0, errFraming
		}
	}
	if first == "" || len(first) > 18 {
		return 0, errFraming
	}
	var n int64
	for i := range len(first) {
		d := first[i]
		if d < '0' || d > '9' {
			return 0, errFraming
		}
		n = n*10 + int64(d-'0')
	}
	return n, nil
}

// StripHopByHop removes the fields that concern one connection only (RFC 9110,
// 7.6.1), those named in Connection among them. Trailer stays: it is about the
// message, which is sent on with its trailers.
func StripHopByHop(h http.Header) {
	if options, ok := h["Connection"]; ok {
		for _, v := range options {
			for name := range strings.SplitSeq(v, ",") {
				h.Del(trimSpace(name))
			}
		}
		delete(h, "Connection")
	}
	delete(h, "Keep-Alive")
	delete(h, "Proxy-Connection")
	delete(h, "Proxy-Authenticate")
	delete(h, "Proxy-Authorization")
	delete(h, "Te")
	delete(h, "Transfer-Encoding")
	delete(h, "Upgrade")
}

// hasToken reports whether a list of tokens has one, compared without case.
func hasToken(list, token string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(trimSpace(t), token) {
			return true
		}
	}
	return false
}
