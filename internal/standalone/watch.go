// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/kubera-dev/kubera/internal/manifest"
)

const (
	// settle is how long files must have been quiet, with the same sizes and
	// times, before they are read, so that one is not read while it is written.
	settle = 50 * time.Millisecond
	// settleAtMost bounds the wait for quiet.
	settleAtMost = time.Second
	// rescan is how often files are looked at without a sign of change, for file
	// systems that give none.
	rescan = 10 * time.Second
)

// watcher tells when files may have changed. Folders are watched rather than files,
// since editors and tools replace files, and links that lead to them.
type watcher struct {
	fs      *fsnotify.Watcher
	paths   []string
	folders map[string]bool
}

func newWatcher(paths []string) (*watcher, error) {
	fs, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &watcher{fs: fs, paths: paths, folders: map[string]bool{}}, nil
}

func (w *watcher) close() error { return w.fs.Close() }

// follow watches the folders of what was read. It has to be called before the files
// are read, with what is known by then, and after, so that nothing slips by.
func (w *watcher) follow(files, folders []string) error {
	wanted := map[string]bool{}
	for _, path := range w.paths {
		if path != manifest.Stdin {
			wanted[filepath.Dir(filepath.Clean(path))] = true
		}
	}
	for _, folder := range folders {
		wanted[folder] = true
	}
	for _, file := range files {
		if real, err := filepath.EvalSymlinks(file); err == nil && file != manifest.Stdin {
			wanted[filepath.Dir(real)] = true
		}
	}
	var errs []error
	for folder := range wanted {
		// Adding again is harmless, and needed for a folder that was replaced.
		if err := w.fs.Add(folder); err != nil {
			errs = append(errs, err)
			delete(wanted, folder)
		}
	}
	for folder := range w.folders {
		if !wanted[folder] {
			// It may be gone, and its watch with it.
			_ = w.fs.Remove(folder)
		}
	}
	w.folders = wanted
	return errors.Join(errs...)
}

// wait returns when files may have changed and then were quiet, or it is time to
// look anyway. The error is that of ctx.
func (w *watcher) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rescan):
	case <-w.fs.Events:
	case <-w.fs.Errors: //nolint:errcheck // events may be lost: look at the files
	}
	return w.settled(ctx)
}

// settled returns when no file was touched for a while. It looks at the files, too:
// not all file systems tell of changes, and events may be late.
func (w *watcher) settled(ctx context.Context) error {
	deadline := time.After(settleAtMost)
	before := w.stamps()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.fs.Events:
		case <-w.fs.Errors: //nolint:errcheck // as above
		case <-time.After(settle):
			now := w.stamps()
			if maps.Equal(before, now) {
				return nil
			}
			before = now
		case <-deadline:
			return nil
		}
	}
}

// stamp changes when a file is written.
type stamp struct {
	size     int64
	modified int64 // nanoseconds
}

// stamps of all files that would be read.
func (w *watcher) stamps() map[string]stamp {
	all := map[string]stamp{}
	for _, file := range manifest.List(w.paths).Files {
		if info, err := os.Stat(file); err == nil {
			all[file] = stamp{info.Size(), info.ModTime().UnixNano()}
		}
	}
	return all
}
