// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package grpcwire

import (
	"net/http"
	"strconv"
	"strings"
)

const contentType = "application/grpc"

// IsCall says whether a request with the header is a call: its Content-Type is
// application/grpc, with or without a suffix such as "+proto". The variant for
// browsers, application/grpc-web, is another protocol, with bodies of HTTP alone.
func IsCall(h http.Header) bool {
	v := h["Content-Type"]
	if len(v) != 1 || len(v[0]) < len(contentType) || !strings.EqualFold(v[0][:len(contentType)], contentType) {
		return false
	}
	rest := v[0][len(contentType):]
	return rest == "" || rest[0] == '+' || rest[0] == ';' || rest[0] == ' '
}

// Status is how a call ends. The message may be "".
type Status struct {
	Code    Code
	Message string
}

// Put writes the status into a header or trailer.
func (s Status) Put(h http.Header) {
	h["Grpc-Status"] = []string{strconv.FormatUint(uint64(s.Code), 10)}
	if s.Message != "" {
		h["Grpc-Message"] = []string{escape(s.Message)}
	} else {
		delete(h, "Grpc-Message")
	}
}

// Write answers a call with nothing but the status ("Trailers-Only"). Header fields
// that w already has are kept, except those that describe a body. Nothing may be
// written to w afterwards.
func (s Status) Write(w http.ResponseWriter) {
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Content-Length", "Etag", "Grpc-Encoding", "Last-Modified", "Trailer"} {
		delete(h, name)
	}
	h["Content-Type"] = []string{contentType}
	s.Put(h)
	w.WriteHeader(http.StatusOK)
}

// escape percent-encodes a message: what is not printable ASCII, and the percent sign.
func escape(message string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(message) {
		if c := message[i]; c < ' ' || c > '~' || c == '%' {
			b.Write([]byte{'%', hex[c>>4], hex[c&0xf]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
