// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package grpcwire

import (
	"math"
	"net/http"
	"regexp"
	"testing"
	"time"
)

func TestTimeout(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"1n": 1, "2u": 2 * time.Microsecond, "3m": 3 * time.Millisecond, "4S": 4 * time.Second, "5M": 5 * time.Minute, "6H": 6 * time.Hour,
		"0S": 0, "00000001S": time.Second, "99999999n": 99999999, "99999999H": math.MaxInt64, "2562047H": 2562047 * time.Hour,
		"2562048H": math.MaxInt64, "99999999M": 99999999 * time.Minute,
	} {
		if got, set, ok := Timeout(http.Header{"Grpc-Timeout": {value}}); got != want || !set || !ok {
			t.Errorf("%q: %v %v %v, want %v", value, got, set, ok, want)
		}
	}
	for _, values := range [][]string{
		{""}, {"1"}, {"S"}, {"1s"}, {"-1S"}, {"+1S"}, {" 1S"}, {"1S "}, {"1.5S"}, {"000000001S"}, {"123456789n"}, {"1h"}, {"1SS"}, {"1S", "1S"}, {"١S"},
	} {
		if got, set, ok := Timeout(http.Header{"Grpc-Timeout": values}); set || ok {
			t.Errorf("%q is %v", values, got)
		}
	}
	if _, set, ok := Timeout(http.Header{}); set || !ok {
		t.Errorf("none: %v %v", set, ok)
	}
}

func TestSetTimeout(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0n", 0: "0n", 1: "1n", 99999999: "99999999n", 100000000: "100000u", 100000001: "100001u",
		time.Minute: "60000000u", 100 * time.Second: "100000m", 28 * time.Hour: "100800S", 28*time.Hour + 1: "100801S",
		math.MaxInt64: "2562048H",
	} {
		h := http.Header{}
		if SetTimeout(h, d); h.Get("Grpc-Timeout") != want {
			t.Errorf("%v is %q, want %q", d, h.Get("Grpc-Timeout"), want)
		}
	}
}

var wellFormed = regexp.MustCompile(`\A[0-9]{1,8}[HMSmun]\z`)

func FuzzTimeout(f *testing.F) {
	for _, seed := range []string{"1S", "99999999H", "0n", "", "1", "-1S", "9999999999999999999999999m"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d, set, ok := Timeout(http.Header{"Grpc-Timeout": {value}})
		if ok != wellFormed.MatchString(value) || set != ok || d < 0 {
			t.Fatalf("%q: %v %v %v", value, d, set, ok)
		}
		h := http.Header{}
		SetTimeout(h, d)
		again, set, ok := Timeout(h)
		if !set || !ok || again < d || again-d > max(d/100_000, 1) && again != math.MaxInt64 {
			t.Errorf("%v was written as %q and read as %v", d, h.Get("Grpc-Timeout"), again)
		}
	})
}
