// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func fullConnection() *Connection {
	return &Connection{
		Time:     time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC),
		Duration: 1500 * time.Millisecond,
		Client:   netip.MustParseAddrPort("[2001:db8::7]:5353"),
		Proto:    "TLS", ServerName: "db.example.com",
		Gateway: "default/web", Listener: "default/web/db", Route: "TLSRoute/default/db",
		Backend: "Service/default/db/5432", Endpoint: "10.0.0.1:5432",
		BytesReceived: 30, BytesSent: 400,
		End: "reset", Error: "endpoint to client: read: connection reset by peer",
	}
}

func logConnection(format config.LogFormat, c *Connection) string {
	var b bytes.Buffer
	New(&config.AccessLog{Format: format}, zapcore.AddSync(&b)).LogConnection(c)
	return b.String()
}

func TestConnectionJSON(t *testing.T) {
	for name, tc := range map[string]struct {
		connection *Connection
		want       map[string]any
	}{
		"everything": {fullConnection(), map[string]any{
			"logger": "access", "time": "2026-11-23T01:02:03Z", "client": "2001:db8::7", "client_port": 5353.0, "duration": 1.5,
			"proto": "TLS", "server_name": "db.example.com", "bytes_received": 30.0, "bytes_sent": 400.0,
			"end": "reset", "error": "endpoint to client: read: connection reset by peer",
			"gateway": "default/web", "listener": "default/web/db", "route": "TLSRoute/default/db",
			"backend": "Service/default/db/5432", "endpoint": "10.0.0.1:5432",
		}},
		"what is unknown is left out": {
			&Connection{Time: time.Unix(0, 0).UTC(), Proto: "TCP", Gateway: "g", Listener: "l", End: "no_route"},
			map[string]any{
				"logger": "access", "time": "1970-01-01T00:00:00Z", "duration": 0.0, "proto": "TCP", "bytes_received": 0.0, "bytes_sent": 0.0,
				"end": "no_route", "gateway": "g", "listener": "l",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got map[string]any
			line := logConnection(config.LogJSON, tc.connection)
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Count(line, "\n") != 1 {
				t.Errorf("not one line: %q", line)
			}
		})
	}
}

func TestConnectionText(t *testing.T) {
	const begin = `2001:db8::7 - - [23/Nov/2026:01:02:03 +0000] "TLS db.example.com default/web/db" 400 30 "reset"`
	unknown := &Connection{Time: time.Unix(0, 0).UTC(), Proto: "TCP", Listener: "l", End: "no_route"}
	for _, tc := range []struct {
		format     config.LogFormat
		connection *Connection
		want       string
	}{
		{config.LogCommon, fullConnection(), begin},
		{config.LogText, fullConnection(), begin},
		{config.LogDetailed, fullConnection(), begin +
			` "default/web" "default/web/db" "TLSRoute/default/db" "-" "Service/default/db/5432" "10.0.0.1:5432" 1.500000`},
		{config.LogText, unknown, `- - - [01/Jan/1970:00:00:00 +0000] "TCP - l" 0 0 "no_route"`},
	} {
		if got := logConnection(tc.format, tc.connection); got != tc.want+"\n" {
			t.Errorf("%s: got  %swant %s", tc.format, got, tc.want)
		}
	}
}

// A server name is what a client chose.
func TestHostileServerName(t *testing.T) {
	c := fullConnection()
	c.ServerName = "x\" 200 0\n127.0.0.1 - - \x1b[31m\x00"
	for _, format := range formats {
		line := logConnection(format, c)
		if strings.Count(line, "\n") != 1 || strings.ContainsAny(line, "\x00\x1b") || strings.Contains(line, `x" 200`) {
			t.Errorf("%s: %q", format, line)
		}
	}
}

func TestNilLoggerTakesConnections(*testing.T) {
	var l *Logger
	l.LogConnection(fullConnection())
}
