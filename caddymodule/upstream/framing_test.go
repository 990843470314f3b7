// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestFraming(t *testing.T) {
	for _, tt := range []struct {
		name, method, in string
		body             string
		trailer          http.Header
		kept             bool
	}{
		{name: "length", in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", body: "hello", kept: true},
		{name: "length zero", in: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", kept: true},
		{name: "length twice the same", in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", body: "hello", kept: true},
		{name: "until close", in: "HTTP/1.1 200 OK\r\n\r\nhello", body: "hello"},
		{name: "HTTP/1.0 until close", in: "HTTP/1.0 200 OK\r\n\r\nhello", body: "hello"},
		{name: "HTTP/1.0 closes", in: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", body: "hello"},
		{name: "HTTP/1.0 kept", in: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello", body: "hello", kept: true},
		{name: "announced close", in: "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 5\r\n\r\nhello", body: "hello"},
		{name: "something behind", in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n", body: "hello"},
		{name: "chunks", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n2;x=\"y\"\r\nlo\r\n0\r\n\r\n", body: "hello", kept: true},
		{name: "chunk size with zeros and blanks",
			in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0005 ;a\r\nhello\r\n000\r\n\r\n", body: "hello", kept: true},
		{name: "chunks then more", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", body: ""},
		{name: "trailers", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
			"5\r\nhello\r\n0\r\nx-sum: 1\r\nContent-Length: 9\r\n\r\n",
			body: "hello", trailer: http.Header{"X-Sum": {"1"}}, kept: true},
		{name: "HEAD", method: "HEAD", in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", kept: true},
		{name: "HEAD with chunks", method: "HEAD", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", kept: true},
		{name: "HEAD with a body all the same", method: "HEAD", in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{name: "204", in: "HTTP/1.1 204 No Content\r\n\r\n", kept: true},
		{name: "304 with a length", in: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", kept: true},
		{name: "interim responses first", in: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", body: "hello", kept: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			method := tt.method
			if method == "" {
				method = http.MethodGet
			}
			// At once, and byte by byte.
			whole, err := script(t, method, strings.NewReader(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if whole.body != tt.body || whole.kept != tt.kept {
				t.Errorf("body %q, kept %v; want %q, %v", whole.body, whole.kept, tt.body, tt.kept)
			}
			if diff := cmp.Diff(tt.trailer, whole.trailer); diff != "" {
				t.Errorf("trailer (-want +got):\n%s", diff)
			}
			bytewise, err := script(t, method, iotest.OneByteReader(strings.NewReader(tt.in)))
			if err != nil {
				t.Fatalf("byte by byte: %v", err)
			}
			if bytewise.body != tt.body {
				t.Errorf("byte by byte: body %q, want %q", bytewise.body, tt.body)
			}
		})
	}
}

func TestFramingRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"different lengths":          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
		"list of lengths":            "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
		"negative length":            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
		"signed length":              "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
		"empty length":               "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"huge length":                "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
		"hexadecimal length":         "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello",
		"length and chunks":          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunks in HTTP/1.0":         "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"other coding":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"two codings":                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"two fields":                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunk size without CR":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
		"chunk size with blanks":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n",
		"chunk size that overflows":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
		"chunk size with 0x":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
		"empty chunk size":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n",
		"CR in a chunk extension":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\rb\r\nhello\r\n0\r\n\r\n",
		"longer than the chunk":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
		"chunk data without CR":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n",
		"folded trailer":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\n b\r\n\r\n",
		"cut in the header":          "HTTP/1.1 200 OK\r\nContent-Len",
		"cut in the body":            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
		"cut in a chunk":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell",
		"cut after the last chunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
		"nothing at all":             "",
		"101 without being asked to": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
		"interim responses only":     strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", maxInterim+1) + "HTTP/1.1 204 OK\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := script(t, http.MethodGet, strings.NewReader(in))
			if err == nil {
				t.Fatalf("accepted: %+v", got)
			}
			wantKind(t, err, BadResponse)
			if got.kept {
				t.Error("the connection was kept")
			}
		})
	}
}

func TestStripHopByHop(t *testing.T) {
	h := http.Header{
		"Connection": {"close, x-one", "X-Two"}, "X-One": {"1"}, "X-Two": {"2"}, "X-Three": {"3"},
		"Keep-Alive": {"5"}, "Proxy-Connection": {"x"}, "Te": {"gzip"}, "Upgrade": {"h2c"},
		"Transfer-Encoding": {"chunked"}, "Proxy-Authenticate": {"x"}, "Proxy-Authorization": {"x"}, "Trailer": {"A"},
	}
	StripHopByHop(h)
	if diff := cmp.Diff(http.Header{"X-Three": {"3"}, "Trailer": {"A"}}, h); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
