// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/engine"
	"github.com/kubera-dev/kubera/caddymodule/fdstore"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/runtime"
)

// processes holds the process under its one key while an app uses it.
var processes = caddy.NewUsagePool()

const processKey = "gateway"

// active is the process with a Runtime that serves, for those who reach it not
// through a Caddy context: the admin API, and programs with Caddy inside.
var active atomic.Pointer[process]

// Running returns the Runtime of this process, and false while there is none,
// that is while no Caddy configuration with the app runs.
func Running() (*runtime.Runtime, bool) {
	p := active.Load()
	if p == nil {
		return nil, false
	}
	return p.runtime, true
}

// process is what outlives one Caddy configuration: the Runtime and the ports
// for control and status.
type process struct {
	log *processLog

	// mu serialises the starts and stops of apps.
	mu      sync.Mutex
	runtime *runtime.Runtime // set by the first start
	store   *fdstore.Client  // set with runtime; nil for none
	// metrics are in the registry, which has those of Go and the process, too. Both are
	// set with runtime.
	metrics  *metrics.Metrics
	registry *prometheus.Registry
	ports    ports

	// current is the app that started last, before is what to go back to if its
	// Caddy configuration fails: the app that it takes over from, and what the
	// Runtime served.
	current, before *App
	beforeConfig    *config.Config
}

func joinProcess() (*process, error) {
	p, _, err := processes.LoadOrNew(processKey, func() (caddy.Destructor, error) {
		return &process{log: newProcessLog()}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("joining the process: %w", err)
	}
	return p.(*process), nil
}

func leaveProcess() error {
	_, err := processes.Delete(processKey)
	return err
}

// start makes a the current app.
func (p *process) start(a *App) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.fixed(a); err != nil {
		return err
	}
	if p.runtime == nil {
		if err := p.build(a); err != nil {
			return err
		}
	}
	p.log.use(a.logger)
	opened, err := p.ports.open(p, a)
	if err != nil {
		p.revertLog()
		return err
	}
	before := p.runtime.Config()
	if err := p.configure(a); err != nil {
		opened.abort()
		p.revertLog()
		return err
	}
	opened.commit()
	p.current, p.before, p.beforeConfig = a, p.current, before
	active.Store(p)
	return nil
}

// fixed refuses what only a new process can change.
func (p *process) fixed(a *App) error {
	if p.current == nil {
		return nil
	}
	if a.StateFile != p.current.StateFile {
		return errors.New("state_file can't be changed by a reload")
	}
	if a.FDStore != p.current.FDStore {
		return errors.New("fdstore can't be changed by a reload")
	}
	if a.BindHost != p.current.BindHost {
		return errors.New("bind_host can't be changed by a reload")
	}
	return nil
}

func (p *process) build(a *App) error {
	m := metrics.New()
	// Not by way of Caddy's logs, which take a lock and encode for each of them.
	// Lines of an os.File are whole.
	accessLog := zapcore.AddSync(os.Stdout)
	e := engine.New(engine.Options{Metrics: m, AccessLog: accessLog, Logger: p.log.logger})
	program, _ := caddy.Version()
	registry, err := metrics.NewRegistry(m, program)
	if err != nil {
		e.Close()
		return err
	}
	p.registry, p.metrics = registry, m
	if a.FDStore != "" {
		p.store = fdstore.Open(a.FDStore, p.log.logger.Named("fdstore"))
	}
	p.runtime = runtime.New(runtime.Options{
		Engine:       e,
		StateFile:    a.StateFile,
		BindHost:     a.BindHost,
		CloseTimeout: a.drain().Timeout,
		Store:        p.store,
		Logger:       p.log.logger,
		SetLogLevel:  p.log.level.SetLevel,
		Metrics:      m,
		Program:      program,
		AccessLog:    accessLog,
	})
	return nil
}

// configure serves what a says.
func (p *process) configure(a *App) error {
	ctx := context.Background() // Caddy gives a start none
	if a.Config != nil {
		return p.runtime.Apply(ctx, a.Config)
	}
	if p.runtime.Config() != nil {
		return nil
	}
	if err := p.runtime.Restore(ctx); err != nil {
		// Better to wait for a configuration than not to be there to get one.
		p.log.logger.Error("not using the state file", zap.Error(err))
	}
	return nil
}

// revertLog goes back to the log of the current app.
func (p *process) revertLog() {
	if p.current != nil {
		p.log.use(p.current.logger)
	}
}

// stop ends what a began, unless another app has taken over. Only the first call
// for an app does anything.
func (p *process) stop(a *App) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case a == p.before:
		p.before, p.beforeConfig = nil, nil // the reload succeeded
	case a != p.current:
	case p.before != nil && !caddy.Exiting():
		p.revert()
	default:
		p.current = nil
		drain := a.drain()
		if !caddy.Exiting() {
			drain.Delay = 0 // somebody in this process wants it gone
		}
		p.runtime.Drain(context.Background(), drain)
	}
}

// revert goes back to the app before the current one: a Caddy configuration of
// which something else failed to start must have changed nothing.
func (p *process) revert() {
	a, cfg := p.before, p.beforeConfig
	p.current, p.before, p.beforeConfig = a, nil, nil
	p.log.use(a.logger)
	opened, err := p.ports.open(p, a)
	if err != nil {
		p.log.logger.Error("going back to the ports before the failed reload", zap.Error(err))
	} else {
		opened.commit()
	}
	if cfg == nil || cfg == p.runtime.Config() {
		return
	}
	if err := p.runtime.Apply(context.Background(), cfg); err != nil {
		p.log.logger.Error("going back to the configuration before the failed reload", zap.Error(err))
	}
}

// Destruct ends everything. Called by the pool when the last app has left.
func (p *process) Destruct() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	active.CompareAndSwap(p, nil)
	p.ports.close()
	if p.runtime != nil {
		p.runtime.Close()
		p.store.Close()
	}
	return nil
}
