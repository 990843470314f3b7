// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package accesslog writes a line for each request, as JSON or in a format of web
// servers, and for each connection of TLS and TCP listeners and each session of UDP; or
// for a share of them, and for those that failed.
package accesslog

import (
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/grpcwire"
)

// maxField bounds, in bytes, what a client chose: a line must not be as long as
// the longest header that is let in.
const maxField = 4096

// Entry is what is known of a request once its response has ended. Empty strings
// are unknown or do not apply.
type Entry struct {
	// Time is when the request's header had been read.
	Time time.Time
	// Client is the address that the Gateway's trust yields.
	Client netip.Addr

	Method    string
	Host      string
	Target    string // path and query as received
	Proto     string // HTTP/1.1
	UserAgent string
	Referer   string

	Status int // 499: the client went away first
	// GRPCStatus is how a call of gRPC ended, a number.
	GRPCStatus string
	Bytes      int64 // of the response's body
	Duration   time.Duration

	Gateway  string
	Listener string
	Route    string
	Rule     string
	Backend  string
	Endpoint string
	// Error is why the proxy answered by itself or cut the response.
	Error string

	// TraceID and SpanID are what the request was in a trace, in hexadecimal.
	TraceID, SpanID string
	// Recorded is true if that is recorded.
	Recorded bool
}

// Failed says whether it was the backend, or the proxy, that did wrong. What a client
// can bring about by itself, such as a 404, is no failure.
func (e *Entry) Failed() bool {
	return e.Status >= 500 || e.Status < 400 && (e.Error != "" || grpcwire.IsServerError(e.GRPCStatus))
}

// Logger writes entries. It is safe for concurrent use; nil writes nothing.
type Logger struct {
	out    zapcore.WriteSyncer
	sample sampler
	encoder
}

// encoder makes lines.
type encoder interface {
	encode(*Entry) (*buffer.Buffer, error)
	encodeConnection(*Connection) (*buffer.Buffer, error)
	encodeSession(*Session) (*buffer.Buffer, error)
}

// New makes the Logger of a Gateway, nil if it wants none: spec, or out, is nil. A line
// is one Write to out, which must be safe for concurrent use, as an os.File is; no lock
// is taken here that requests would share.
func New(spec *config.AccessLog, out zapcore.WriteSyncer) *Logger {
	if spec == nil || out == nil {
		return nil
	}
	l := &Logger{out: out, sample: newSampler(spec)}
	switch spec.Format {
	case config.LogCommon, config.LogText, config.LogDetailed:
		l.encoder = text{spec.Format}
	default:
		l.encoder = newJSON()
	}
	return l
}

// Log writes the line of a request, if it is one of those that are logged, which those in
// traces that are recorded are. One that isn't costs no allocation.
func (l *Logger) Log(e *Entry) {
	if l != nil && (e.Recorded || l.sample.errors && e.Failed() || l.sample.pick()) {
		l.write(l.encode(e))
	}
}

// write writes a line. One that can't be written is lost: a request must not fail
// because of its log.
func (l *Logger) write(line *buffer.Buffer, err error) {
	if err != nil {
		return
	}
	_, _ = l.out.Write(line.Bytes())
	line.Free()
}

// bounded cuts what is too long, at a rune.
func bounded(s string) string {
	if len(s) <= maxField {
		return s
	}
	n := maxField
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n]) + "…"
}
