// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"strings"
	"testing"
	"unicode/utf8"

	"k8s.io/client-go/tools/events"
)

func TestNotesAreCut(t *testing.T) {
	for _, tc := range []struct{ note, want string }{
		{"100% of it", "100% of it"},
		{strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		{strings.Repeat("x", 1025), strings.Repeat("x", 1021) + "..."},
		{strings.Repeat("x", 1020) + strings.Repeat("é", 9), strings.Repeat("x", 1020) + "..."},
	} {
		got := recorded(t, func(recorder events.EventRecorder) {
			boundedRecorder{recorder}.Eventf(testGateway("1"), nil, "Warning", "Reason", "Act", "%s", tc.note)
		})
		if want := "Warning Reason " + tc.want; len(got) != 1 || got[0] != want || !utf8.ValidString(got[0]) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
