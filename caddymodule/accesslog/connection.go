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

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
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

// failed says whether there was no endpoint for the connection.
func (c *Connection) failed() bool { return c.End == metrics.ConnectionRefused.String() }

// LogConnection writes the line of a connection, if it is one of those that are logged.
// The text formats begin as the line of a request does, with the numbers of bytes sent
// and received behind the request line, and what became of the connection.
func (l *Logger) LogConnection(c *Connection) {
	if l != nil && (l.sample.errors && c.failed() || l.sample.pick()) {
		l.write(l.encodeConnection(c))
	}
}

func (t text) encodeConnection(c *Connection) (*buffer.Buffer, error) {
	b := buffers.Get()
	appendBegin(b, c.Client.Addr(), c.Time)
	b.AppendString(c.Proto)
	b.AppendByte(' ')
	appendEscaped(b, cmp.Or(c.ServerName, "-"))
	b.AppendByte(' ')
	appendEscaped(b, c.Listener)
	b.AppendString(`" `)
	b.AppendInt(c.BytesSent)
	b.AppendByte(' ')
	b.AppendInt(c.BytesReceived)
	appendQuoted(b, c.End)
	if t.format == config.LogDetailed {
		appendQuoted(b, c.Gateway, c.Listener, c.Route, "", c.Backend, c.Endpoint)
		appendDuration(b, c.Duration)
	}
	b.AppendByte('\n')
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
