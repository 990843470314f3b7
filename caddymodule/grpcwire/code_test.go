// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package grpcwire

import (
	"net/http"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/net/http2"
	"google.golang.org/grpc/codes"
)

func TestCodesAreThoseOfGRPC(t *testing.T) {
	t.Parallel()
	for code, want := range map[Code]codes.Code{
		Canceled: codes.Canceled, Unknown: codes.Unknown, DeadlineExceeded: codes.DeadlineExceeded,
		PermissionDenied: codes.PermissionDenied, ResourceExhausted: codes.ResourceExhausted,
		Unimplemented: codes.Unimplemented, Internal: codes.Internal, Unavailable: codes.Unavailable,
		Unauthenticated: codes.Unauthenticated,
	} {
		if codes.Code(code) != want {
			t.Errorf("%d is %v, want %v", code, codes.Code(code), want)
		}
	}
}

func TestOfStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]Code{
		// The table of http-grpc-status-mapping.md, but for 504.
		400: Internal, 401: Unauthenticated, 403: PermissionDenied, 404: Unimplemented,
		429: Unavailable, 502: Unavailable, 503: Unavailable, 504: DeadlineExceeded,
		// What a proxy means by others.
		413: ResourceExhausted, 431: ResourceExhausted, 500: Unavailable,
		405: Unknown, 418: Unknown, 501: Unknown, 599: Unknown,
	} {
		if got := OfStatus(status); got != want {
			t.Errorf("%d %s is %v, want %v", status, http.StatusText(status), codes.Code(got), codes.Code(want))
		}
	}
}

// TestOfReset has the table of "HTTP2 Transport Mapping", Errors.
func TestOfReset(t *testing.T) {
	t.Parallel()
	for code, want := range map[http2.ErrCode]Code{
		http2.ErrCodeNo: Internal, http2.ErrCodeProtocol: Internal, http2.ErrCodeInternal: Internal,
		http2.ErrCodeFlowControl: Internal, http2.ErrCodeSettingsTimeout: Internal, http2.ErrCodeFrameSize: Internal,
		http2.ErrCodeRefusedStream: Unavailable, http2.ErrCodeCancel: Canceled, http2.ErrCodeCompression: Internal,
		http2.ErrCodeConnect: Internal, http2.ErrCodeEnhanceYourCalm: ResourceExhausted,
		http2.ErrCodeInadequateSecurity: PermissionDenied, 0xff: Internal,
	} {
		if got := OfReset(code); got != want {
			t.Errorf("%v is %v, want %v", code, codes.Code(got), codes.Code(want))
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for code := codes.OK; code <= codes.Unauthenticated; code++ {
		var same codes.Code
		if err := same.UnmarshalJSON([]byte(`"` + Name(strconv.Itoa(int(code))) + `"`)); err != nil || same != code {
			t.Errorf("%d is %q, which is %v to gRPC", code, Name(strconv.Itoa(int(code))), same)
		}
	}
	for _, other := range []string{"", "17", "-1", "ok", "256"} {
		if got := Name(other); got != other {
			t.Errorf("%q has the name %q", other, got)
		}
	}
}

func TestIsServerError(t *testing.T) {
	t.Parallel()
	wrong := []codes.Code{codes.Unknown, codes.DeadlineExceeded, codes.Unimplemented, codes.Internal, codes.Unavailable, codes.DataLoss}
	for code := codes.OK; code <= codes.Unauthenticated; code++ {
		if got := IsServerError(strconv.Itoa(int(code))); got != slices.Contains(wrong, code) {
			t.Errorf("%v: %v", code, got)
		}
	}
	if IsServerError("") {
		t.Error("no status is an error of the server")
	}
}
