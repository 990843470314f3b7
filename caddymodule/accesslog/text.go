// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"cmp"
	"strconv"

	"go.uber.org/zap/buffer"
)

// textTime is how Apache httpd writes the time.
const textTime = "02/Jan/2006:15:04:05 -0700"

var buffers = buffer.NewPool()

// encodeText writes the combined log format of Apache httpd: client, identity and
// user (never known here), time, request line, status, bytes, referer, user agent.
func encodeText(e *Entry) (*buffer.Buffer, error) {
	b := buffers.Get()
	if e.Client.IsValid() {
		b.AppendString(e.Client.String())
	} else {
		b.AppendByte('-')
	}
	b.AppendString(" - - [")
	b.AppendTime(e.Time, textTime)
	b.AppendString(`] "`)
	appendEscaped(b, e.Method)
	b.AppendByte(' ')
	appendEscaped(b, e.Target)
	b.AppendByte(' ')
	appendEscaped(b, e.Proto)
	b.AppendString(`" `)
	b.AppendInt(int64(e.Status))
	b.AppendByte(' ')
	b.AppendInt(e.Bytes)
	for _, s := range []string{e.Referer, e.UserAgent} {
		b.AppendString(` "`)
		appendEscaped(b, cmp.Or(s, "-"))
		b.AppendByte('"')
	}
	b.AppendByte('\n')
	return b, nil
}

// appendEscaped keeps a client from ending a field or a line: quotes, backslashes
// and everything that does not print become Go escapes.
func appendEscaped(b *buffer.Buffer, s string) {
	quoted := strconv.AppendQuoteToGraphic(nil, bounded(s))
	_, _ = b.Write(quoted[1 : len(quoted)-1])
}
