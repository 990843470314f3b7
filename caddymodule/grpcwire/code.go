// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package grpcwire

import (
	"net/http"
	"strconv"

	"golang.org/x/net/http2"
)

// Code is a status of a call.
type Code uint32

// The codes that a proxy gives.
const (
	Canceled          Code = 1
	Unknown           Code = 2
	DeadlineExceeded  Code = 4
	PermissionDenied  Code = 7
	ResourceExhausted Code = 8
	Unimplemented     Code = 12
	Internal          Code = 13
	Unavailable       Code = 14
	Unauthenticated   Code = 16
)

// OfStatus is the code of a call that a proxy would answer with an HTTP status. It is
// the one that clients take the status for, but where the proxy knows better: 504 is
// said when the time of a call is over, 413 and 431 when it is too large, and 500 when
// a route can't be honoured, which the Gateway API calls UNAVAILABLE
// (GRPCRouteRule.backendRefs).
func OfStatus(status int) Code {
	switch status {
	case http.StatusBadRequest:
		return Internal
	case http.StatusUnauthorized:
		return Unauthenticated
	case http.StatusForbidden:
		return PermissionDenied
	case http.StatusNotFound:
		return Unimplemented
	case http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge:
		return ResourceExhausted
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable:
		return Unavailable
	case http.StatusGatewayTimeout:
		return DeadlineExceeded
	}
	return Unknown
}

// OfReset is the code of a call whose stream the backend has reset, the same as if the
// client had seen the reset itself.
func OfReset(code http2.ErrCode) Code {
	switch code {
	case http2.ErrCodeRefusedStream:
		return Unavailable
	case http2.ErrCodeCancel:
		return Canceled
	case http2.ErrCodeEnhanceYourCalm:
		return ResourceExhausted
	case http2.ErrCodeInadequateSecurity:
		return PermissionDenied
	}
	return Internal
}

// names of the codes, as gRPC has them.
var names = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
	"DATA_LOSS", "UNAUTHENTICATED",
}

// Name is the name of the value of a Grpc-Status field, or that value if it has none.
func Name(status string) string {
	if n, err := strconv.ParseUint(status, 10, 8); err == nil && n < uint64(len(names)) {
		return names[n]
	}
	return status
}

// IsServerError says whether the value of a Grpc-Status field is one by which the server
// of a call says that it, and not the client, did wrong, as OpenTelemetry's conventions
// for gRPC have it: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE,
// DATA_LOSS.
func IsServerError(status string) bool {
	switch status {
	case "2", "4", "12", "13", "14", "15":
		return true
	}
	return false
}
