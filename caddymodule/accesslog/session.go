// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"net/netip"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Session is what is known of a session of UDP once it has ended. Empty strings do not
// apply.
type Session struct {
	// Time is when its first datagram was received.
	Time     time.Time
	Duration time.Duration
	Client   netip.AddrPort

	Gateway  string
	Listener string
	Route    string
	Backend  string
	Endpoint string // the last one

	// What was received from the client and sent on, and what was sent to it.
	DatagramsReceived, DatagramsSent uint64
	BytesReceived, BytesSent         uint64

	// End is why the session ended, as in metrics.
	End string
	// Error is why nothing could be sent on.
	Error string
}

// LogSession writes the line of a session, if it is one of those that are logged: one
// with an Error is a failure. The text formats begin as the line of a request does, with
// the numbers of bytes sent and received behind the request line, and the reason of the
// end.
func (l *Logger) LogSession(s *Session) {
	if l != nil && (l.sample.errors && s.Error != "" || l.sample.pick()) {
		l.write(l.encodeSession(s))
	}
}

func (t text) encodeSession(s *Session) (*buffer.Buffer, error) {
	b := buffers.Get()
	appendBegin(b, s.Client.Addr(), s.Time)
	b.AppendString("UDP ")
	appendEscaped(b, s.Listener)
	b.AppendString(`" `)
	b.AppendUint(s.BytesSent)
	b.AppendByte(' ')
	b.AppendUint(s.BytesReceived)
	appendQuoted(b, s.End)
	if t.format == config.LogDetailed {
		appendQuoted(b, s.Gateway, s.Listener, s.Route, "", s.Backend, s.Endpoint)
		appendDuration(b, s.Duration)
	}
	b.AppendByte('\n')
	return b, nil
}

func (j jsonEncoder) encodeSession(s *Session) (*buffer.Buffer, error) {
	fields := append(make([]zapcore.Field, 0, 16),
		zap.String("logger", "access"),
		zap.String("proto", "UDP"),
		zap.Duration("duration", s.Duration),
		zap.String("client", s.Client.Addr().String()),
		zap.Uint16("client_port", s.Client.Port()),
		zap.Uint64("datagrams_received", s.DatagramsReceived),
		zap.Uint64("datagrams_sent", s.DatagramsSent),
		zap.Uint64("bytes_received", s.BytesReceived),
		zap.Uint64("bytes_sent", s.BytesSent),
		zap.String("end", s.End),
	)
	for _, f := range []struct{ key, value string }{
		{"gateway", s.Gateway},
		{"listener", s.Listener},
		{"route", s.Route},
		{"backend", s.Backend},
		{"endpoint", s.Endpoint},
		{"error", s.Error},
	} {
		if f.value != "" {
			fields = append(fields, zap.String(f.key, bounded(f.value)))
		}
	}
	return j.encoder.EncodeEntry(zapcore.Entry{Time: s.Time}, fields)
}
