// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// journal is what the backends of a site received, which the conformance suite reads
// from the logs of pods.
type journal struct {
	mu      sync.Mutex
	entries map[string][]echoed
	// attempts are requests that were to fail, by backend and target.
	attempts map[string]int
}

func newJournal() *journal {
	return &journal{entries: map[string][]echoed{}, attempts: map[string]int{}}
}

// attempt counts a request and gives the number.
func (j *journal) attempt(backend string, r *http.Request) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	key := backend + " " + r.RequestURI
	j.attempts[key]++
	return j.attempts[key]
}

func (j *journal) add(e echoed) {
	j.mu.Lock()
	defer j.mu.Unlock()
	key := e.Backend + " " + e.Target
	j.entries[key] = append(j.entries[key], e)
}

func (j *journal) received(backend, target string) []echoed {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entries[backend+" "+target]
}

// await gives the requests for the target that the backend received, once there are
// as many.
func (j *journal) await(t *testing.T, backend, target string, n int) []echoed {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		got := j.received(backend, target)
		if len(got) >= n {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("backend %s received %d requests for %s, want %d", backend, len(got), target, n)
		}
	}
}
