// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// newSender is closed when the test ends, and holds nothing then.
func newSender(t testing.TB) *Sender {
	t.Helper()
	s := New()
	t.Cleanup(func() {
		s.Close()
		if n := s.buffered.Load(); n != 0 {
			t.Errorf("%d bytes are still held", n)
		}
	})
	return s
}

// teeOf is a Tee with bodies for copies.
func teeOf(s *Sender, src io.Reader, length int64, copies int) (*Tee, []*Body) {
	t := NewTee(src, length, &http.Header{})
	bodies := make([]*Body, copies)
	for i := range bodies {
		bodies[i] = t.Body(s)
	}
	return t, bodies
}

func TestTeeHandsOnWhatIsRead(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789", 20_000)
	for name, src := range map[string]io.Reader{
		"at once":      strings.NewReader(text),
		"in halves":    iotest.HalfReader(strings.NewReader(text)),
		"with its end": iotest.DataErrReader(strings.NewReader(text)),
	} {
		for _, length := range []int64{-1, int64(len(text))} {
			tee, bodies := teeOf(newSender(t), src, length, 3)
			var wg sync.WaitGroup
			for i, b := range bodies {
				wg.Go(func() {
					if got, err := io.ReadAll(b); string(got) != text || err != nil {
						t.Errorf("%s: copy %d got %d bytes, %v", name, i, len(got), err)
					}
				})
			}
			if got, err := io.ReadAll(tee); string(got) != text || err != nil {
				t.Errorf("%s: the request got %d bytes, %v", name, len(got), err)
			}
			tee.Close()
			wg.Wait()
			src = strings.NewReader(text)
		}
	}
}

// TestTeeOfKnownLength is read no further than to its length, as upstream does it.
func TestTeeOfKnownLength(t *testing.T) {
	t.Parallel()
	tee, bodies := teeOf(newSender(t), strings.NewReader("hello"), 5, 1)
	if _, err := io.ReadFull(tee, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	tee.Close()
	if got, err := io.ReadAll(bodies[0]); string(got) != "hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTrailersComeWithTheEnd(t *testing.T) {
	t.Parallel()
	trailer := http.Header{"X-Sum": nil}
	tee := NewTee(&endsWith{strings.NewReader("hello"), func() { trailer["X-Sum"] = []string{"1"} }}, -1, &trailer)
	b := tee.Body(newSender(t))
	if diff := cmp.Diff(http.Header{"X-Sum": nil}, b.trailer); diff != "" {
		t.Errorf("announced (-want +got):\n%s", diff)
	}
	if _, err := io.ReadAll(tee); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(http.Header{"X-Sum": {"1"}}, b.trailer); diff != "" {
		t.Errorf("trailer (-want +got):\n%s", diff)
	}
}

// endsWith calls a function in front of the end.
type endsWith struct {
	io.Reader
	end func()
}

func (r *endsWith) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		r.end()
	}
	return n, err
}

// TestIncompleteBodiesDoNotLookComplete are those of requests that break off.
func TestIncompleteBodiesDoNotLookComplete(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		src    io.Reader
		length int64
		read   int
	}{
		"never read":            {strings.NewReader("hello"), 5, 0},
		"read in part":          {strings.NewReader("hello"), 5, 3},
		"read in part, chunked": {strings.NewReader("hello"), -1, 5},
		"broken":                {io.MultiReader(strings.NewReader("hel"), iotest.ErrReader(broken)), -1, 5},
		"too short":             {strings.NewReader("hel"), 5, 5},
	} {
		tee, bodies := teeOf(newSender(t), tc.src, tc.length, 1)
		_, _ = io.ReadFull(tee, make([]byte, tc.read)) // as far as it goes
		tee.Close()
		if got, err := io.ReadAll(bodies[0]); !errors.Is(err, errGivenUp) {
			t.Errorf("%s: %q, %v; want an error", name, got, err)
		}
	}
}

// TestCopyThatLagsIsGivenUp has a copy that reads and one that does not.
func TestCopyThatLagsIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, shrink := range map[string]func(*bounds){
		"by itself": func(b *bounds) { b.lag = 10_000 },
		"of many":   func(b *bounds) { b.lags = 10_000 },
	} {
		s := newSender(t)
		shrink(&s.bounds)
		tee, bodies := teeOf(s, strings.NewReader(strings.Repeat("x", 100_000)), -1, 2)
		buf := make([]byte, 1000)
		var got int
		for {
			_, err := tee.Read(buf)
			if err == io.EOF {
				break
			}
			n, err := bodies[0].Read(buf)
			if got += n; err != nil {
				t.Fatalf("%s: the copy that keeps up: %v", name, err)
			}
		}
		tee.Close()
		if got != 100_000 {
			t.Errorf("%s: the copy that keeps up got %d bytes", name, got)
		}
		if n, err := bodies[1].Read(buf); !errors.Is(err, errGivenUp) {
			t.Errorf("%s: the copy that does not got %d bytes, %v", name, n, err)
		}
	}
}

// TestTinyPiecesCount has a body that costs more than its length says.
func TestTinyPiecesCount(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.bounds.lag = 1000
	tee, bodies := teeOf(s, iotest.OneByteReader(strings.NewReader(strings.Repeat("x", 500))), -1, 1)
	if _, err := io.Copy(io.Discard, tee); err != nil {
		t.Fatal(err)
	}
	if _, err := bodies[0].Read(make([]byte, 1)); !errors.Is(err, errGivenUp) {
		t.Errorf("500 pieces are held where %d bytes may be: %v", s.bounds.lag, err)
	}
}

func TestGivingUpEndsARead(t *testing.T) {
	t.Parallel()
	tee, bodies := teeOf(newSender(t), strings.NewReader(""), -1, 1)
	done := make(chan error)
	go func() {
		_, err := bodies[0].Read(make([]byte, 1))
		done <- err
	}()
	tee.Close()
	if err := <-done; !errors.Is(err, errGivenUp) {
		t.Error(err)
	}
}
