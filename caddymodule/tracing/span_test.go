// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

const (
	clientTrace  = "0af7651916cd43dd8448eb211c80319c"
	clientParent = "00-" + clientTrace + "-b7ad6b7169203331-01"
)

// recorder is a Tracer whose spans are kept.
func recorder(spec config.Tracing) (*Tracer, *tracetest.SpanRecorder) {
	kept := tracetest.NewSpanRecorder()
	return newTracer(&config.Gateway{ID: "default/web", Tracing: &spec}, kept), kept
}

func request(parents, states []string) *http.Request {
	return &http.Request{Method: http.MethodGet, Header: http.Header{parentField: parents, stateField: states}}
}

func TestZeroSpanDoesNothing(t *testing.T) {
	r := request([]string{"nonsense"}, []string{"a=1"})
	want := maps.Clone(r.Header)
	var s Span
	var none *Tracer
	allocations := testing.AllocsPerRun(100, func() {
		none.Start(&s, r, time.Time{})
		s.Put(r.Header)
		s.BeginTry(&Try{Header: r.Header})
		s.EndTry(&TryEnd{})
		s.End(&Request{})
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
	if traceID, spanID := s.IDs(); traceID+spanID != "" || s.Started() || s.Recording() {
		t.Errorf("%s %s", traceID, spanID)
	}
	if !maps.EqualFunc(want, r.Header, func(a, b []string) bool { return strings.Join(a, ",") == strings.Join(b, ",") }) {
		t.Errorf("the header is %v", r.Header)
	}
}

// Tries that are not recorded leave the header to the span of the request.
func TestSpanThatIsNotRecorded(t *testing.T) {
	tracer, kept := recorder(config.Tracing{Sampling: &config.Fraction{Numerator: 0, Denominator: 1}})
	r := request(nil, nil)
	var s Span
	tracer.Start(&s, r, time.Now())
	s.Put(r.Header)
	put := r.Header.Get(parentField)
	s.BeginTry(&Try{Header: r.Header, Method: http.MethodGet})
	s.EndTry(&TryEnd{})
	traceID, spanID := s.IDs()
	if got := r.Header.Get(parentField); got != put || got != "00-"+traceID+"-"+spanID+"-00" {
		t.Errorf("the header names %s, then %s; the span is %s", put, got, spanID)
	}
	if n := len(kept.Started()); n != 0 || !s.Started() {
		t.Errorf("%d spans were recorded", n)
	}
}

// Of one in a hundred traces, the default, and of other shares, as many are recorded,
// give or take.
func TestSamplingByShare(t *testing.T) {
	for want, sampling := range map[float64]*config.Fraction{0.01: nil, 0.25: {Numerator: 1, Denominator: 4}, 0: {Numerator: 0, Denominator: 5}, 1: {Numerator: 5, Denominator: 5}} {
		sampler := samplerOf(&config.Tracing{Sampling: sampling})
		const n = 50_000
		recorded := 0
		provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler))
		tracer := &Tracer{tracer: provider.Tracer("")}
		for range n {
			var s Span
			tracer.Start(&s, request(nil, nil), time.Time{})
			if s.Recording() {
				recorded++
			}
		}
		// Eight standard deviations are 0.016 at most.
		if share := float64(recorded) / n; share < want-0.016 || share > want+0.016 || want == 0 && recorded > 0 || want == 1 && recorded < n {
			t.Errorf("%v are recorded, want %v", share, want)
		}
	}
}

var traceparent = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$`)

// FuzzParents checks that whatever a client says, what a backend gets is well-formed and
// the proxy's own, and belongs to the trace of the client only if that said so.
func FuzzParents(f *testing.F) {
	f.Add(clientParent, "vendor=1", "")
	f.Add(strings.ToUpper(clientParent), "a=1,a=2", "b=3")
	f.Add("01-"+clientTrace+"-b7ad6b7169203331-01-x", "=", ",")
	f.Add("", "\xff", "a=\x00")
	tracer, _ := recorder(config.Tracing{Sampling: all})
	f.Fuzz(func(t *testing.T, parent, state1, state2 string) {
		r := request([]string{parent}, []string{state1, state2})
		var s Span
		tracer.Start(&s, r, time.Now())
		s.Put(r.Header)
		parents := r.Header[parentField]
		if len(parents) != 1 || !traceparent.MatchString(parents[0]) {
			t.Fatalf("%q made %q", parent, parents)
		}
		traceID, spanID := s.IDs()
		if parents[0][3:35] != traceID || parents[0][36:52] != spanID || strings.Contains(parent, spanID) {
			t.Errorf("%q made %q, the span is %s", parent, parents, spanID)
		}
		if states := r.Header[stateField]; len(states) > 1 || len(states) == 1 && strings.ContainsAny(states[0], "\r\n\x00") {
			t.Errorf("%q and %q made %q", state1, state2, states)
		}
		if !strings.Contains(parent, traceID) && r.Header[stateField] != nil {
			t.Errorf("a new trace has the state %q", r.Header[stateField])
		}
		s.End(&Request{Entry: entry()})
	})
}
