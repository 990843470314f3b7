// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package statefile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// coalesce is how long SaveSoon may wait for more changes.
const coalesce = time.Second

// Load reads a configuration. The error is fs.ErrNotExist if there is none, and
// a *config.Refusal if the file is not a configuration that this version of the
// program understands. It is not validated.
func Load(path string) (*config.Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the state file: %w", err)
	}
	defer f.Close()
	cfg, err := config.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("reading the state file %s: %w", path, err)
	}
	return cfg, nil
}

// File writes configurations to one path, one after the other, in a goroutine
// of its own. Of configurations that come faster than they can be written only
// the newest is. Its methods may be called concurrently.
type File struct {
	path   string
	logger *zap.Logger

	mu      sync.Mutex
	pending *config.Config
	urgent  chan struct{} // capacity 1
	soon    chan struct{} // capacity 1
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once
}

// Open returns a File. Nothing is written before the first Save. Close ends it.
func Open(path string, logger *zap.Logger) *File {
	f := &File{
		path:   path,
		logger: logger.With(zap.String("file", path)),
		urgent: make(chan struct{}, 1),
		soon:   make(chan struct{}, 1),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
	}
	go f.run()
	return f
}

// Save writes cfg as soon as what is being written is done. It does not wait.
func (f *File) Save(cfg *config.Config) { f.keep(cfg, f.urgent) }

// SaveSoon writes cfg within a second or two, together with what else comes
// until then. For changes that are frequent and soon outdated: endpoints.
func (f *File) SaveSoon(cfg *config.Config) { f.keep(cfg, f.soon) }

func (f *File) keep(cfg *config.Config, wake chan struct{}) {
	f.mu.Lock()
	f.pending = cfg
	f.mu.Unlock()
	select {
	case wake <- struct{}{}:
	default: // woken already
	}
}

// Close writes what is not yet written and ends the goroutine. Nothing may be
// saved afterwards.
func (f *File) Close() {
	f.once.Do(func() { close(f.stop) })
	<-f.done
}

func (f *File) run() {
	defer close(f.done)
	for {
		select {
		case <-f.urgent:
		case <-f.soon:
			timer := time.NewTimer(coalesce)
			select {
			case <-timer.C:
			case <-f.urgent:
			case <-f.stop:
			}
			timer.Stop()
		case <-f.stop:
			f.flush()
			return
		}
		f.flush()
	}
}

// flush writes the newest configuration if that is not yet done.
func (f *File) flush() {
	f.mu.Lock()
	cfg := f.pending
	f.pending = nil
	f.mu.Unlock()
	if cfg == nil {
		return
	}
	if err := write(f.path, cfg); err != nil {
		f.logger.Error("the configuration was not kept; a restarted process would come back with an older one", zap.Error(err))
	}
}

// write replaces the file at path.
func write(path string, cfg *config.Config) (err error) {
	data, err := json.Marshal(cfg)
	if err != nil {
		return fmt.Errorf("encoding the configuration: %w", err)
	}
	dir := filepath.Dir(path)
	// CreateTemp makes it readable for its owner alone.
	temp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("creating a temporary file: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	if _, err = temp.Write(data); err == nil {
		err = temp.Sync()
	}
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", temp.Name(), err)
	}
	if err = os.Rename(temp.Name(), path); err != nil {
		return fmt.Errorf("replacing the state file: %w", err)
	}
	return syncDir(dir)
}

// syncDir makes a rename in dir survive a crash of the machine.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("syncing %s: %w", dir, err)
	}
	return nil
}
