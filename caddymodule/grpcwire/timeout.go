// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package grpcwire

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

const (
	timeoutHeader = "Grpc-Timeout"
	// maxDigits of a timeout.
	maxDigits  = 8
	maxTimeout = 100_000_000 - 1
)

// units of a timeout, the finest first.
var units = [...]struct {
	name byte
	unit time.Duration
}{
	{'n', time.Nanosecond}, {'u', time.Microsecond}, {'m', time.Millisecond},
	{'S', time.Second}, {'M', time.Minute}, {'H', time.Hour},
}

// Timeout is how long a client waits for the end of its call, from when it sent the
// header. Timeouts that a time.Duration can't hold are the longest that it can. set is
// false if the header has none, and ok if it has one that is malformed, for which
// it is up to the backend to refuse the call.
func Timeout(h http.Header) (d time.Duration, set, ok bool) {
	v := h[timeoutHeader]
	switch len(v) {
	case 0:
		return 0, false, true
	case 1:
		d, ok = parseTimeout(v[0])
		return d, ok, ok
	}
	return 0, false, false
}

// parseTimeout reads one to eight digits and a unit.
func parseTimeout(s string) (time.Duration, bool) {
	digits := len(s) - 1
	if digits < 1 || digits > maxDigits {
		return 0, false
	}
	var n int64
	for i := range digits {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int64(s[i]-'0')
	}
	for _, u := range units {
		if u.name != s[digits] {
			continue
		}
		if n > math.MaxInt64/int64(u.unit) {
			return math.MaxInt64, true
		}
		return time.Duration(n) * u.unit, true
	}
	return 0, false
}

// SetTimeout writes how long the sender of a call waits, in the finest unit that has
// room for it, rounded up: who is told must not give up first. A d below 0 is 0.
func SetTimeout(h http.Header, d time.Duration) {
	d = max(d, 0)
	for _, u := range units {
		n := d / u.unit
		if d%u.unit > 0 {
			n++
		}
		if n <= maxTimeout {
			h[timeoutHeader] = []string{strconv.FormatInt(int64(n), 10) + string(rune(u.name))}
			return
		}
	}
}
