// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"bytes"
	"encoding/json"
	"io"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

var formats = []config.LogFormat{config.LogJSON, config.LogCommon, config.LogText, config.LogDetailed}

func full() *Entry {
	return &Entry{
		Time:   time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC),
		Client: netip.MustParseAddr("192.0.2.7"),
		Method: "GET", Host: "example.com", Target: "/a?b=c", Proto: "HTTP/1.1", UserAgent: "curl/8", Referer: "https://r.example/",
		Status: 200, Bytes: 12, Duration: 1500 * time.Millisecond,
		Gateway: "default/web", Listener: "default/web/http", Route: "HTTPRoute/default/web", Rule: "main",
		Backend: "Service/default/echo/80", Endpoint: "10.0.0.1:8080",
		TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "b7ad6b7169203331",
	}
}

func log(format config.LogFormat, e *Entry) string {
	var b bytes.Buffer
	New(&config.AccessLog{Format: format}, zapcore.AddSync(&b)).Log(e)
	return b.String()
}

func TestJSON(t *testing.T) {
	var got map[string]any
	line := log(config.LogJSON, full())
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	want := map[string]any{
		"logger": "access", "time": "2026-11-23T01:02:03Z", "client": "192.0.2.7",
		"method": "GET", "host": "example.com", "target": "/a?b=c", "proto": "HTTP/1.1", "user_agent": "curl/8", "referer": "https://r.example/",
		"status": 200.0, "bytes": 12.0, "duration": 1.5,
		"gateway": "default/web", "listener": "default/web/http", "route": "HTTPRoute/default/web", "rule": "main",
		"backend": "Service/default/echo/80", "endpoint": "10.0.0.1:8080",
		"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Count(line, "\n") != 1 {
		t.Errorf("not one line: %q", line)
	}
}

func TestJSONLeavesOutWhatIsUnknown(t *testing.T) {
	line := log("", &Entry{Status: 404, Error: "no route"})
	for _, key := range []string{"client", "route", "backend", "endpoint", "user_agent", "referer", "trace_id", "span_id"} {
		if strings.Contains(line, `"`+key+`"`) {
			t.Errorf("%s is in %s", key, line)
		}
	}
	if !strings.Contains(line, `"error":"no route"`) {
		t.Error(line)
	}
}

func TestText(t *testing.T) {
	const begin = `192.0.2.7 - - [23/Nov/2026:01:02:03 +0000] "GET /a?b=c HTTP/1.1" 200 12`
	unknown := &Entry{Time: time.Unix(0, 0).UTC(), Method: "GET", Target: "/", Proto: "HTTP/2.0", Status: 499}
	for name, tc := range map[string]struct {
		format config.LogFormat
		entry  *Entry
		want   string
	}{
		"common":   {config.LogCommon, full(), begin},
		"combined": {config.LogText, full(), begin + ` "https://r.example/" "curl/8"`},
		"detailed": {config.LogDetailed, full(), begin + ` "https://r.example/" "curl/8" "default/web" "default/web/http"` +
			` "HTTPRoute/default/web" "main" "Service/default/echo/80" "10.0.0.1:8080" 1.500000 "0af7651916cd43dd8448eb211c80319c"`},
		"unknown": {config.LogDetailed, unknown,
			`- - - [01/Jan/1970:00:00:00 +0000] "GET / HTTP/2.0" 499 0 "-" "-" "-" "-" "-" "-" "-" "-" 0.000000 "-"`},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want+"\n", log(tc.format, tc.entry)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A client must be able neither to forge a line nor to make one of any length.
func TestHostileFields(t *testing.T) {
	e := full()
	e.UserAgent = "x\" 200 0\n127.0.0.1 - - \x1b[31m\x00" + strings.Repeat("ü", 5000)
	for _, format := range formats {
		line := log(format, e)
		if strings.Count(line, "\n") != 1 || strings.ContainsAny(line, "\x00\x1b") || strings.Contains(line, `x" 200`) {
			t.Errorf("%s: %q", format, line[:200])
		}
		if len(line) > 2*maxField || !utf8.ValidString(line) {
			t.Errorf("%s: %d bytes", format, len(line))
		}
	}
}

func TestNilLoggerWritesNothing(t *testing.T) {
	var l *Logger
	if n := testing.AllocsPerRun(10, func() { l.Log(nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Lines of concurrent requests do not mix in a file.
func TestConcurrentLines(t *testing.T) {
	path := t.TempDir() + "/log"
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	l := New(&config.AccessLog{}, f)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				l.Log(full())
			}
		})
	}
	wg.Wait()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	if len(lines) != 800 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if !json.Valid(line) {
			t.Fatalf("%s", line)
		}
	}
}

func BenchmarkLog(b *testing.B) {
	for _, format := range formats {
		b.Run(string(format), func(b *testing.B) {
			l, e := New(&config.AccessLog{Format: format}, zapcore.AddSync(io.Discard)), full()
			b.ReportAllocs()
			for b.Loop() {
				l.Log(e)
			}
		})
	}
}
