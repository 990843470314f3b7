// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"testing"
	"time"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[gwv1.Duration]time.Duration{
		"0s":                   0,
		"1h30m10s500ms":        time.Hour + 30*time.Minute + 10*time.Second + 500*time.Millisecond,
		"10s":                  10 * time.Second,
		"99999h99999h99999h0s": 3 * 99999 * time.Hour,
	} {
		if got, err := parseDuration(&text); err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []gwv1.Duration{"", "1", "1.5s", "-1s", "1d", "100000s", "1h1h1h1h1h", "1us", " 1s"} {
		if got, err := parseDuration(&text); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", text, got)
		}
	}
	if got, err := parseDuration(nil); got != 0 || err != nil {
		t.Errorf("parseDuration(nil) = %v, %v", got, err)
	}
}
