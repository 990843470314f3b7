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

func fullSession() *Session {
	return &Session{
		Time:     time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC),
		Duration: 1500 * time.Millisecond,
		Client:   netip.MustParseAddrPort("[2001:db8::7]:5353"),
		Gateway:  "default/web", Listener: "default/web/dns", Route: "UDPRoute/default/dns",
		Backend: "Service/default/dns/53/UDP", Endpoint: "10.0.0.1:53",
		DatagramsReceived: 1, DatagramsSent: 2, BytesReceived: 30, BytesSent: 400,
		End: "idle", Error: "none",
	}
}

func logSession(format config.LogFormat, s *Session) string {
	var b bytes.Buffer
	New(&config.AccessLog{Format: format}, zapcore.AddSync(&b)).LogSession(s)
	return b.String()
}

func TestSessionJSON(t *testing.T) {
	var got map[string]any
	line := logSession(config.LogJSON, fullSession())
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	want := map[string]any{
		"logger": "access", "time": "2026-11-23T01:02:03Z", "client": "2001:db8::7", "client_port": 5353.0, "proto": "UDP", "duration": 1.5,
		"datagrams_received": 1.0, "datagrams_sent": 2.0, "bytes_received": 30.0, "bytes_sent": 400.0, "end": "idle", "error": "none",
		"gateway": "default/web", "listener": "default/web/dns", "route": "UDPRoute/default/dns",
		"backend": "Service/default/dns/53/UDP", "endpoint": "10.0.0.1:53",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Count(line, "\n") != 1 {
		t.Errorf("not one line: %q", line)
	}
}

func TestSessionText(t *testing.T) {
	const begin = `2001:db8::7 - - [23/Nov/2026:01:02:03 +0000] "UDP default/web/dns" 400 30 "idle"`
	for format, end := range map[config.LogFormat]string{
		config.LogCommon: "",
		config.LogText:   "",
		config.LogDetailed: ` "default/web" "default/web/dns" "UDPRoute/default/dns" "-"` +
			` "Service/default/dns/53/UDP" "10.0.0.1:53" 1.500000`,
	} {
		if got, want := logSession(format, fullSession()), begin+end+"\n"; got != want {
			t.Errorf("%s: got  %swant %s", format, got, want)
		}
	}
}

func TestNilLoggerTakesSessions(*testing.T) {
	var l *Logger
	l.LogSession(fullSession())
}
