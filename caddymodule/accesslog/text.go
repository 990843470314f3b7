// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"cmp"
	"net/netip"
	"strconv"
	"time"

	"go.uber.org/zap/buffer"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// textTime is how Apache httpd writes the time.
const textTime = "02/Jan/2006:15:04:05 -0700"

var buffers = buffer.NewPool()

// text makes lines in the formats of Apache httpd, or in one that extends them at the end.
type text struct{ format config.LogFormat }

// encode writes the Common Log Format: client, identity and user (never known here),
// time, request line, status, bytes. The combined one, text, adds referer and user agent,
// and detailed the names of what served the request, how long it took, and its trace.
func (t text) encode(e *Entry) (*buffer.Buffer, error) {
	b := buffers.Get()
	appendBegin(b, e.Client, e.Time)
	appendEscaped(b, e.Method)
	b.AppendByte(' ')
	appendEscaped(b, e.Target)
	b.AppendByte(' ')
	appendEscaped(b, e.Proto)
	b.AppendString(`" `)
	b.AppendInt(int64(e.Status))
	b.AppendByte(' ')
	b.AppendInt(e.Bytes)
	if t.format != config.LogCommon {
		appendQuoted(b, e.Referer, e.UserAgent)
	}
	if t.format == config.LogDetailed {
		appendQuoted(b, e.Gateway, e.Listener, e.Route, e.Rule, e.Backend, e.Endpoint)
		appendDuration(b, e.Duration)
		appendQuoted(b, e.TraceID)
	}
	b.AppendByte('\n')
	return b, nil
}

// appendBegin appends what all lines begin with, up to the quote of the request line.
func appendBegin(b *buffer.Buffer, client netip.Addr, at time.Time) {
	if client.IsValid() {
		b.AppendString(client.String())
	} else {
		b.AppendByte('-')
	}
	b.AppendString(" - - [")
	b.AppendTime(at, textTime)
	b.AppendString(`] "`)
}

// appendQuoted appends fields in quotes, - for empty ones.
func appendQuoted(b *buffer.Buffer, fields ...string) {
	for _, s := range fields {
		b.AppendString(` "`)
		appendEscaped(b, cmp.Or(s, "-"))
		b.AppendByte('"')
	}
}

// appendDuration appends seconds, to the microsecond.
func appendDuration(b *buffer.Buffer, d time.Duration) {
	_, _ = b.Write(strconv.AppendFloat([]byte{' '}, d.Seconds(), 'f', 6, 64))
}

// appendEscaped keeps a client from ending a field or a line: quotes, backslashes
// and everything that does not print become Go escapes.
func appendEscaped(b *buffer.Buffer, s string) {
	quoted := strconv.AppendQuoteToGraphic(nil, bounded(s))
	_, _ = b.Write(quoted[1 : len(quoted)-1])
}
