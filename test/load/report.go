// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Report is what came of requests.
type Report struct {
	Answered int
	Failures []Failure
	// InFlight are those that were neither answered nor failed yet.
	InFlight int
	// Connections that were made.
	Connections int
	// Slowest is the longest time to an answer, Pause the longest without any.
	Slowest, Pause time.Duration
}

// Failure is a request that was not answered with 200.
type Failure struct {
	At   time.Time
	On   On
	Kind Kind
	Took time.Duration
	Err  error
}

// On says on which connection.
type On string

// The connections that requests are sent on.
const (
	Kept On = "kept"
	Own  On = "own"
)

// Kind says what went wrong.
type Kind string

// The kinds of failures.
const (
	// Refused connections: nobody listens.
	Refused Kind = "refused"
	// Unreached: a connection could not be made in time, or for want of a way.
	Unreached Kind = "unreached"
	// Handshake: TLS failed.
	Handshake Kind = "handshake"
	// Broken connections: they ended before the response did.
	Broken Kind = "broken"
	// Late: no response in time.
	Late Kind = "late"
	// Status other than 200.
	Status Kind = "status"
	// Malformed: what came is no response.
	Malformed Kind = "malformed"
)

// String counts, and quotes the first few failures.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d answered on %d connections, %d in flight, %d failed; slowest %s, longest pause %s",
		r.Answered, r.Connections, r.InFlight, len(r.Failures), r.Slowest.Round(time.Millisecond), r.Pause.Round(time.Millisecond))
	for i, f := range r.Failures {
		if i == 10 {
			fmt.Fprintf(&b, "\n  and %d more", len(r.Failures)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s", f)
	}
	return b.String()
}

// Count counts the failures of some kinds, or of all.
func (r Report) Count(kinds ...Kind) int {
	n := 0
	for _, f := range r.Failures {
		if len(kinds) == 0 || slices.Contains(kinds, f.Kind) {
			n++
		}
	}
	return n
}

func (f Failure) String() string {
	return fmt.Sprintf("%s %s connection, after %s: %s: %v", f.At.Format("15:04:05.000"), f.On, f.Took.Round(time.Millisecond), f.Kind, f.Err)
}

// stage of an exchange at which an error came.
type stage struct {
	connecting, handshaking bool
	err                     error
}

func (s *stage) Error() string { return s.err.Error() }
func (s *stage) Unwrap() error { return s.err }

// statusError is a response with another status than 200.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("status %d", int(s)) }

func kindOf(err error) Kind {
	s, _ := errors.AsType[*stage](err)
	_, isStatus := errors.AsType[statusError](err)
	switch {
	case isStatus:
		return Status
	case s != nil && s.handshaking:
		return Handshake
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case s != nil && s.connecting:
		return Unreached
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Late
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return Broken
	}
	return Malformed
}
