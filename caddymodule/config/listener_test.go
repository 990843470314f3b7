// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import "testing"

func TestListenerBindAddress(t *testing.T) {
	for _, tc := range []struct {
		name     string
		listener Listener
		want     string
	}{
		{"by port", Listener{Port: 8080}, ":8080"},
		{"by address", Listener{Port: 443, Address: ":8443"}, ":8443"},
		{"with a host", Listener{Port: 443, Address: "[::1]:8443"}, "[::1]:8443"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.listener.BindAddress(); got != tc.want {
				t.Errorf("BindAddress() = %q, want %q", got, tc.want)
			}
		})
	}
}
