// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package grpcwire

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIsCall(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"application/grpc": true, "application/grpc+proto": true, "application/grpc+json": true, "Application/GRPC": true,
		"application/grpc;charset=utf-8": true, "application/grpc ; a=b": true, "application/grpc+": true,
		"application/grpc-web": false, "application/grpc-web+proto": false, "application/grpcx": false,
		"application/grp": false, "": false, "text/plain": false, "x application/grpc": false,
	} {
		if got := IsCall(http.Header{"Content-Type": {value}}); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
	if IsCall(http.Header{}) || IsCall(http.Header{"Content-Type": {"application/grpc", "text/plain"}}) {
		t.Error("a request without a type, or with two, is a call")
	}
}

func TestIsCallDoesNotAllocate(t *testing.T) {
	h := http.Header{"Content-Type": {"application/grpc+proto"}}
	if n := testing.AllocsPerRun(100, func() { IsCall(h) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	w.Header().Set("X-Kept", "yes")
	for _, name := range []string{"Content-Type", "Content-Length", "Trailer", "Grpc-Encoding", "Grpc-Status", "Etag"} {
		w.Header().Set(name, "of a body")
	}
	Status{Unavailable, "100 %, später"}.Write(w)
	want := http.Header{
		"X-Kept": {"yes"}, "Content-Type": {"application/grpc"},
		"Grpc-Status": {"14"}, "Grpc-Message": {"100 %25, sp%C3%A4ter"},
	}
	got := w.Result()
	if diff := cmp.Diff(want, got.Header); diff != "" || got.StatusCode != http.StatusOK || w.Body.Len() > 0 {
		t.Errorf("%s with %d bytes, header (-want +got):\n%s", got.Status, w.Body.Len(), diff)
	}
}

func TestPutWithoutMessage(t *testing.T) {
	t.Parallel()
	h := http.Header{"Grpc-Message": {"of another status"}}
	Status{Code: DeadlineExceeded}.Put(h)
	if diff := cmp.Diff(http.Header{"Grpc-Status": {"4"}}, h); diff != "" {
		t.Error(diff)
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("the backend has no endpoints")
	f.Add("%\r\n\x00\xff ~")
	f.Fuzz(func(t *testing.T, message string) {
		escaped := escape(message)
		for i := range len(escaped) {
			if escaped[i] < ' ' || escaped[i] > '~' {
				t.Fatalf("%q has %q", escaped, escaped[i])
			}
		}
		if back, err := url.PathUnescape(escaped); err != nil || back != message {
			t.Errorf("%q came back as %q, %v", message, back, err)
		}
	})
}
