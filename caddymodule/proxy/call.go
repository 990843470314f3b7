// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/grpcwire"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// lastWords is how long after the deadline of a call its end may still be written.
const lastWords = time.Second

// isCall says whether a request is a gRPC call. Requests of HTTP/1.1, which gRPC is
// not spoken over, are not even looked at.
func isCall(r *http.Request) bool { return r.ProtoMajor >= 2 && grpcwire.IsCall(r.Header) }

// refuseCall is refuse for a call.
func (x *exchange) refuseCall(status int, detail string) {
	end := grpcwire.Status{Code: grpcwire.OfStatus(status), Message: cmp.Or(detail, http.StatusText(status))}
	if failed, ok := errors.AsType[*upstream.Error](x.err); ok && failed.Kind == upstream.BadResponse {
		if code, ok := failed.Reset(); ok {
			end.Code = grpcwire.OfReset(code)
		}
	}
	end.Write(x.w)
	x.entry.GRPCStatus = x.w.Header().Get("Grpc-Status")
}

// prepareCall shortens the time for a call to what the client waits, if that is less,
// and has the backend told what is left of it. A timeout that is malformed is left to
// the backend.
func (x *exchange) prepareCall() {
	timeout, set, ok := grpcwire.Timeout(x.r.Header)
	if !ok {
		return
	}
	x.request.TellTimeout = grpcwire.SetTimeout
	if !set {
		return
	}
	if deadline := x.begin.Add(timeout); x.deadline.IsZero() || deadline.Before(x.deadline) {
		x.deadline = deadline
	}
}

// writeDeadline is until when the response may be written. The end of a call comes
// after its deadline.
func (x *exchange) writeDeadline() time.Time {
	if x.grpc {
		return x.deadline.Add(lastWords)
	}
	return x.deadline
}

// endCall ends a call whose response has begun, if it is its time that is over. Other
// errors are for resets of the stream.
func (x *exchange) endCall(h http.Header, err error) bool {
	failed, ok := errors.AsType[*upstream.Error](err)
	if !x.grpc || !ok || failed.Kind != upstream.Timeout {
		return false
	}
	trailer := http.Header{}
	grpcwire.Status{Code: grpcwire.DeadlineExceeded, Message: "the backend did not end its response in time"}.Put(trailer)
	x.copyTrailer(h, trailer)
	x.noteStatus(h, trailer)
	return true
}

// noteStatus keeps the status of a call for the access log.
func (x *exchange) noteStatus(h, trailer http.Header) {
	for _, from := range []http.Header{trailer, h} {
		if v := from["Grpc-Status"]; len(v) > 0 {
			x.entry.GRPCStatus = v[0]
			return
		}
	}
}
