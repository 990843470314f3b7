// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"bytes"
	"io"
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// sampled is a Logger of 1 in 4 lines whose chance goes through 0, 1, 2, 3, 0, ...
func sampled(spec config.AccessLog, out io.Writer) *Logger {
	spec.Sampling = &config.Fraction{Numerator: 1, Denominator: 4}
	l := New(&spec, zapcore.AddSync(out))
	var next uint32
	l.sample.draw = func(n uint32) uint32 {
		next++
		return (next - 1) % n
	}
	return l
}

func TestSampling(t *testing.T) {
	for name, tc := range map[string]struct {
		spec config.AccessLog
		log  func(*Logger)
		want int // lines of 8
	}{
		"requests":                     {config.AccessLog{}, func(l *Logger) { l.Log(full()) }, 2},
		"connections":                  {config.AccessLog{}, func(l *Logger) { l.LogConnection(fullConnection()) }, 2},
		"sessions":                     {config.AccessLog{}, func(l *Logger) { l.LogSession(&Session{End: "idle"}) }, 2},
		"failed requests":              {config.AccessLog{}, func(l *Logger) { l.Log(&Entry{Status: 503}) }, 8},
		"failed connections":           {config.AccessLog{}, func(l *Logger) { l.LogConnection(&Connection{End: "refused"}) }, 8},
		"failed sessions":              {config.AccessLog{}, func(l *Logger) { l.LogSession(&Session{Error: "no endpoint"}) }, 8},
		"recorded requests":            {config.AccessLog{SampleErrors: true}, func(l *Logger) { l.Log(&Entry{Status: 200, Recorded: true}) }, 8},
		"failed requests as others":    {config.AccessLog{SampleErrors: true}, func(l *Logger) { l.Log(&Entry{Status: 503}) }, 2},
		"failed connections as others": {config.AccessLog{SampleErrors: true}, func(l *Logger) { l.LogConnection(&Connection{End: "refused"}) }, 2},
		"failed sessions as others":    {config.AccessLog{SampleErrors: true}, func(l *Logger) { l.LogSession(&Session{Error: "no endpoint"}) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			l := sampled(tc.spec, &out)
			for range 8 {
				tc.log(l)
			}
			if got := bytes.Count(out.Bytes(), []byte("\n")); got != tc.want {
				t.Errorf("%d lines of 8, want %d", got, tc.want)
			}
		})
	}
}

func TestFailed(t *testing.T) {
	for name, tc := range map[string]struct {
		entry Entry
		want  bool
	}{
		"ok":                           {Entry{Status: 200}, false},
		"of the backend":               {Entry{Status: 500}, true},
		"of the proxy":                 {Entry{Status: 504, Error: "timeout"}, true},
		"cut":                          {Entry{Status: 200, Error: "bad response"}, true},
		"no route":                     {Entry{Status: 404, Error: "no route matches"}, false},
		"left by the client":           {Entry{Status: 499, Error: "canceled"}, false},
		"a call that was not found":    {Entry{Status: 200, GRPCStatus: "5"}, false},
		"a call that failed":           {Entry{Status: 200, GRPCStatus: "13"}, true},
		"a call that no route matches": {Entry{Status: 404, GRPCStatus: "12", Error: "no route matches"}, false},
		"a call without endpoints":     {Entry{Status: 503, GRPCStatus: "14"}, true},
	} {
		if got := tc.entry.Failed(); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The share is one of chance: of n lines it is n times the share, give or take.
func TestShareByChance(t *testing.T) {
	for _, f := range []config.Fraction{{Numerator: 0, Denominator: 100}, {Numerator: 25, Denominator: 100}, {Numerator: 1, Denominator: 1}} {
		s, n, picked := newSampler(&config.AccessLog{Sampling: &f}), 100_000, 0
		for range n {
			if s.pick() {
				picked++
			}
		}
		// Ten standard deviations are 1400 lines at most.
		if want := n * int(f.Numerator) / int(f.Denominator); picked < want-1400 || picked > want+1400 {
			t.Errorf("%d/%d: %d of %d", f.Numerator, f.Denominator, picked, n)
		}
	}
	for _, f := range []config.Fraction{{Numerator: 0, Denominator: 100}, {Numerator: 100, Denominator: 100}} {
		s := newSampler(&config.AccessLog{Sampling: &f})
		for range 1000 {
			if s.pick() != (f.Numerator > 0) {
				t.Fatalf("%d/%d is not exact", f.Numerator, f.Denominator)
			}
		}
	}
}

func TestLineThatIsNotWrittenAllocatesNothing(t *testing.T) {
	l, e := New(&config.AccessLog{Sampling: &config.Fraction{Denominator: 100}}, zapcore.AddSync(io.Discard)), full()
	if n := testing.AllocsPerRun(100, func() { l.Log(e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLineThatIsNotWritten(b *testing.B) {
	l, e := New(&config.AccessLog{Sampling: &config.Fraction{Denominator: 100}}, zapcore.AddSync(io.Discard)), full()
	b.ReportAllocs()
	for b.Loop() {
		l.Log(e)
	}
}
