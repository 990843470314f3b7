// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestRestGrowsAndIsEndedByOneTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rest
		want := func(what string, s standing) {
			t.Helper()
			if got := r.standing(); got != s {
				t.Fatalf("%s: standing %d, want %d", what, got, s)
			}
		}
		want("before", good)
		for _, pause := range []int{1, 2, 4, 8, 10, 10} {
			r.failed()
			r.failed() // of a connect that was under way
			time.Sleep(time.Duration(pause)*time.Second - time.Millisecond)
			want("just before the end", resting)
			time.Sleep(time.Millisecond)
			want("at the end", onTrial)
			want("during the trial", resting)
		}
		time.Sleep(dialTimeout + time.Millisecond)
		want("after a trial of which nothing was heard", onTrial)
		r.succeeded()
		want("after one that succeeded", good)
		r.failed()
		time.Sleep(failureMemory)
		want("after the first failure since", onTrial)
	})
}

func TestRestThatEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rest
		r.passOver()
		if got := r.standing(); got != resting {
			t.Errorf("standing %d", got)
		}
		time.Sleep(failureMemory)
		for range 3 {
			if got := r.standing(); got != good {
				t.Errorf("afterwards standing %d", got)
			}
		}
	})
}

// TestOneTrialAtATime has many requests choose at once.
func TestOneTrialAtATime(t *testing.T) {
	b := newBackend(t, config.BackendHTTP, "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3")
	dead := b.set.Load().ready[0]
	dead.rest.failed()
	dead.rest.until.Store(time.Now().Add(-time.Second).UnixNano() &^ onTrialBit)
	var mu sync.Mutex
	trials := 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if b.set.Load().pick(nil) == dead {
					mu.Lock()
					trials++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if trials != 1 {
		t.Errorf("%d requests were to find out", trials)
	}
}

// TestOnlyWhoIsSentThereBeginsATrial has requests fail at two of three endpoints, all of
// which are to be tried again.
func TestOnlyWhoIsSentThereBeginsATrial(t *testing.T) {
	for range 30 {
		b := newBackend(t, config.BackendHTTP, closedPort(t), closedPort(t), closedPort(t))
		for _, e := range b.set.Load().ready {
			e.rest.failed()
			e.rest.until.Store(time.Now().Add(-time.Second).UnixNano() &^ onTrialBit)
		}
		q := newRequest(t.Context(), http.MethodGet)
		q.Retry = &config.Retry{Attempts: 1}
		wantKind(t, exchange(t, b, q), ConnectFailed)
		for _, e := range b.set.Load().ready {
			if e.rest.until.Load()&onTrialBit != 0 {
				t.Fatal("the others wait for a request that was never sent")
			}
		}
	}
}

// TestATrialOnAConnectionThatWasThere connects to nothing anew.
func TestATrialOnAConnectionThatWasThere(t *testing.T) {
	for _, protocol := range bothProtocols {
		b := newBackend(t, protocol, serving(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
		e := b.set.Load().ready[0]
		answers := func() {
			t.Helper()
			if err := get(t, b); err != nil {
				t.Fatal(err)
			}
		}
		answers()
		e.rest.failed()
		answers()
		if !hasFailed(e) {
			t.Errorf("%s: an old connection has ended the rest", protocol)
		}
		e.rest.until.Store(time.Now().Add(-time.Second).UnixNano() &^ onTrialBit)
		if got := e.rest.standing(); got != onTrial {
			t.Errorf("%s: standing %d", protocol, got)
		}
		answers()
		if got := e.rest.standing(); got != good {
			t.Errorf("%s: standing %d after the trial", protocol, got)
		}
	}
}

// TestRestingEndpointsServeWhereThereAreNoOthers: better a try than none.
func TestRestingEndpointsServeWhereThereAreNoOthers(t *testing.T) {
	b := newBackend(t, config.BackendHTTP, "127.0.0.1:1", "127.0.0.1:2")
	for _, e := range b.set.Load().ready {
		e.rest.failed()
	}
	chosen := map[string]bool{}
	for range 100 {
		chosen[b.set.Load().pick(nil).address] = true
	}
	if len(chosen) != 2 {
		t.Errorf("chosen were %v", chosen)
	}
}

// hasFailed says whether the last connect to an endpoint did.
func hasFailed(e *Endpoint) bool { return e.rest.until.Load() != 0 }
