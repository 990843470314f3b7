// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseHead(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		status   int
		want     http.Header
	}{
		{"no fields", "HTTP/1.1 200 OK\r\n\r\n", 200, http.Header{}},
		{"no reason", "HTTP/1.1 200\r\n\r\n", 200, http.Header{}},
		{"empty reason", "HTTP/1.1 200 \r\n\r\n", 200, http.Header{}},
		{"HTTP/1.0", "HTTP/1.0 404 Not Found\r\n\r\n", 404, http.Header{}},
		{"names become canonical", "HTTP/1.1 200 OK\r\ncontent-TYPE: a\r\nx-3d: b\r\n\r\n", 200,
			http.Header{"Content-Type": {"a"}, "X-3d": {"b"}}},
		{"values repeat in order", "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\na: 3\r\nA: 1\r\n\r\n", 200,
			http.Header{"A": {"1", "3", "1"}, "B": {"2"}}},
		{"blanks around values", "HTTP/1.1 200 OK\r\nA:1\r\nB: \t x y \t\r\nC:\r\nD: \r\n\r\n", 200,
			http.Header{"A": {"1"}, "B": {"x y"}, "C": {""}, "D": {""}}},
		{"bytes beyond ASCII", "HTTP/1.1 200 Gr\xfc\xdfe\r\nA: \xc3\xa4\xff\r\n\r\n", 200, http.Header{"A": {"\xc3\xa4\xff"}}},
		{"LF alone", "HTTP/1.1 200 OK\nA: 1\n\n", 200, http.Header{"A": {"1"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			hd, err := parseHead([]byte(tt.in), h)
			if err != nil {
				t.Fatal(err)
			}
			if hd.status != tt.status {
				t.Errorf("status %d, want %d", hd.status, tt.status)
			}
			if diff := cmp.Diff(tt.want, h); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseHeadRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"other protocol":              "ICY 200 OK\r\n\r\n",
		"HTTP/2.0":                    "HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1.2":                    "HTTP/1.2 200 OK\r\n\r\n",
		"two digits":                  "HTTP/1.1 20 OK\r\n\r\n",
		"four digits":                 "HTTP/1.1 2000 OK\r\n\r\n",
		"sign":                        "HTTP/1.1 +20 OK\r\n\r\n",
		"below 100":                   "HTTP/1.1 099 OK\r\n\r\n",
		"control byte in reason":      "HTTP/1.1 200 O\x00K\r\n\r\n",
		"empty line first":            "\r\n\r\n",
		"folded field":                "HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\n\r\n",
		"field that begins folded":    "HTTP/1.1 200 OK\r\n\tA: 1\r\n\r\n",
		"blank before the colon":      "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n",
		"blank in a name":             "HTTP/1.1 200 OK\r\nA B: 1\r\n\r\n",
		"no colon":                    "HTTP/1.1 200 OK\r\nA\r\n\r\n",
		"no name":                     "HTTP/1.1 200 OK\r\n: 1\r\n\r\n",
		"CR in a value":               "HTTP/1.1 200 OK\r\nA: 1\rB: 2\r\n\r\n",
		"two CR at the end of a line": "HTTP/1.1 200 OK\r\nA: 1\r\r\n\r\n",
		"NUL in a value":              "HTTP/1.1 200 OK\r\nA: 1\x002\r\n\r\n",
		"DEL in a value":              "HTTP/1.1 200 OK\r\nA: 1\x7f\r\n\r\n",
		"name beyond ASCII":           "HTTP/1.1 200 OK\r\n\xc3\xa4: 1\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if hd, err := parseHead([]byte(in), http.Header{}); err == nil {
				t.Errorf("accepted as %+v", hd)
			}
		})
	}
}

func TestHeadIsBounded(t *testing.T) {
	if _, err := script(t, http.MethodGet, endless("HTTP/1.1 200 OK\r\nA: ")); err == nil {
		t.Error("an endless header was accepted")
	}
	large := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: " + strings.Repeat("x", maxHead-100) + "\r\n\r\nhi"
	got, err := script(t, http.MethodGet, strings.NewReader(large))
	if err != nil || got.body != "hi" || !got.kept {
		t.Errorf("a header just below the bound: body %q, kept %v, error %v", got.body, got.kept, err)
	}
}

// endless is a reader of begin and then of as many "x" as are asked for.
func endless(begin string) *endlessReader { return &endlessReader{begin} }

type endlessReader struct{ begin string }

func (r *endlessReader) Read(p []byte) (int, error) {
	n := copy(p, r.begin)
	r.begin = r.begin[n:]
	for i := n; i < len(p); i++ {
		p[i] = 'x'
	}
	return len(p), nil
}
