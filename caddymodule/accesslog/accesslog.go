// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package accesslog writes a line for each request, as JSON or in the combined
// log format, and for each connection of TLS and TCP listeners and each session of UDP.
package accesslog

import (
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
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
}

// Logger writes entries. It is safe for concurrent use; nil writes nothing.
type Logger struct {
	out           zapcore.WriteSyncer
	encode        func(*Entry) (*buffer.Buffer, error)
	encodeSession func(*Session) (*buffer.Buffer, error)

	encodeConnection func(*Connection) (*buffer.Buffer, error)
}

// New makes a Logger in the format, json being the default. A line is one Write
// to out, which must be safe for concurrent use, as an os.File is; no lock is
// taken here that requests would share.
func New(format config.LogFormat, out zapcore.WriteSyncer) *Logger {
	if format == config.LogText {
		return &Logger{out: out, encode: encodeText, encodeSession: encodeSessionText, encodeConnection: encodeConnectionText}
	}
	j := newJSON()
	return &Logger{out: out, encode: j.encode, encodeSession: j.encodeSession, encodeConnection: j.encodeConnection}
}

// Log writes one line. A line that can't be written is lost: a request must not
// fail because of its log.
func (l *Logger) Log(e *Entry) {
	if l == nil {
		return
	}
	line, err := l.encode(e)
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
