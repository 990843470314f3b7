// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"cmp"
	"net/netip"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

// Connection is what is known of a connection of a TLS or TCP listener once it has
// ended. Empty strings do not apply.
type Connection struct {
	// Time is when it was accepted.
	Time     time.Time
	Duration time.Duration
	Client   netip.AddrPort
	// Proto is TCP, or TLS if the route was chosen by ServerName.
	Proto string
	// ServerName is the name that the client asked for.
	ServerName string

	Gateway  string
	Listener string
	Route    string
	Backend  string
	Endpoint string

	// What was received from the client and sent on, and what was sent to it.
	BytesReceived, BytesSent int64

	// End is what became of it, as in metrics.
	End string
	// Error says more about an end that is not orderly.
	Error string
}

// LogConnection writes one line. The format text begins as the line of a request does,
// with the numbers of bytes sent and received behind the request line, and what became
// of the connection.
func (l *Logger) LogConnection(c *Connection) {
	if l == nil {
		return
	}
	line, err := l.encodeConnection(c)
	if err != nil {
		return
	}
	_, _ = l.out.Write(line.Bytes())
	line.Free()
}

func encodeConnectionText(c *Connection) (*buffer.Buffer, error) {
	b := buffers.Get()
	if c.Client.IsValid() {
		b.AppendString(c.Client.Addr().String())
	} else {
		b.AppendByte('-')
	}
	b.AppendString(" - - [")
	b.AppendTime(c.Time, textTime)
	b.AppendString(`] "`)
	b.AppendString(c.Proto)
	b.AppendByte(' ')
	appendEscaped(b, cmp.Or(c.ServerName, "-"))
	b.AppendByte(' ')
	appendEscaped(b, c.Listener)
	b.AppendString(`" `)
	b.AppendInt(c.BytesSent)
	b.AppendByte(' ')
	b.AppendInt(c.BytesReceived)
	b.AppendString(` "`)
	appendEscaped(b, c.End)
	b.AppendString("\"\n")
	return b, nil
}

func (j jsonEncoder) encodeConnection(c *Connection) (*buffer.Buffer, error) {
	fields := append(make([]zapcore.Field, 0, 16),
		zap.String("logger", "access"),
		zap.String("proto", c.Proto),
		zap.Duration("duration", c.Duration),
		zap.Int64("bytes_received", c.BytesReceived),
		zap.Int64("bytes_sent", c.BytesSent),
		zap.String("end", c.End),
	)
	if c.Client.IsValid() {
		fields = append(fields, zap.String("client", c.Client.Addr().String()), zap.Uint16("client_port", c.Client.Port()))
	}
	for _, f := range []struct{ key, value string }{
		{"server_name", c.ServerName},
		{"gateway", c.Gateway},
		{"listener", c.Listener},
		{"route", c.Route},
		{"backend", c.Backend},
		{"endpoint", c.Endpoint},
		{"error", c.Error},
	} {
		if f.value != "" {
			fields = append(fields, zap.String(f.key, bounded(f.value)))
		}
	}
	return j.encoder.EncodeEntry(zapcore.Entry{Time: c.Time}, fields)
}
