// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
)

// maxNote is what the note of an Event may have, in bytes. An API server refuses the
// Event otherwise.
const maxNote = 1024

// boundedRecorder cuts notes that are too long.
type boundedRecorder struct{ events.EventRecorder }

func (r boundedRecorder) Eventf(regarding, related runtime.Object, kind, reason, action, note string, args ...any) {
	const more = "..."
	text := fmt.Sprintf(note, args...)
	if len(text) > maxNote {
		text = strings.ToValidUTF8(text[:maxNote-len(more)], "") + more
	}
	r.EventRecorder.Eventf(regarding, related, kind, reason, action, "%s", text)
}

// recorder of Events, by which all are ours.
func (o *operator) recorder() events.EventRecorder {
	return boundedRecorder{o.mgr.GetEventRecorder("kubera-controller")}
}
