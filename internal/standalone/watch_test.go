// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// silent is a watcher of a file system that tells of no changes, in virtual time.
func silent(paths ...string) *watcher {
	return &watcher{fs: &fsnotify.Watcher{Events: make(chan fsnotify.Event), Errors: make(chan error)}, paths: paths}
}

func touch(t *testing.T, path string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// TestWaitUntilWritten: a file that changes without a sign is not read before it has
// been the same for a while.
func TestWaitUntilWritten(t *testing.T) {
	path := t.TempDir() + "/a.yaml"
	put(t, path, good)
	synctest.Test(t, func(t *testing.T) {
		w, began := silent(path), time.Now()
		done := make(chan error, 1)
		go func() { done <- w.wait(t.Context()) }()
		time.Sleep(rescan + settle/2)
		put(t, path, "")
		touch(t, path, time.Now())
		time.Sleep(settle)
		put(t, path, good)
		touch(t, path, time.Now())
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != rescan+3*settle {
			t.Errorf("read after %v, want two pauses after the rescan at which it changed and one without change", took)
		}
	})
}

// TestWaitNotForever: a file that is written all the time is read in the end.
func TestWaitNotForever(t *testing.T) {
	path := t.TempDir() + "/a.yaml"
	put(t, path, good)
	synctest.Test(t, func(t *testing.T) {
		w, began := silent(path), time.Now()
		done := make(chan error, 1)
		go func() { done <- w.wait(t.Context()) }()
		for {
			select {
			case err := <-done:
				if took := time.Since(began); err != nil || took != rescan+settleAtMost {
					t.Errorf("after %v: %v", took, err)
				}
				return
			case <-time.After(settle / 2):
				touch(t, path, time.Now())
			}
		}
	})
}

func TestWaitEnds(t *testing.T) {
	path := t.TempDir() + "/a.yaml"
	for name, after := range map[string]time.Duration{"before a change": rescan / 2, "while it settles": rescan + settle/2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				began := time.Now()
				if err := silent(path).wait(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != after {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
			})
		})
	}
}
