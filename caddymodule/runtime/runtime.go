// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/datagram"
	"github.com/kubera-dev/kubera/caddymodule/fdstore"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/server"
	"github.com/kubera-dev/kubera/caddymodule/statefile"
)

// ErrConflict is returned for a push that builds on something else than what
// runs. The sender has to send the whole configuration.
var ErrConflict = errors.New("the push does not build on the running configuration")

// Options of a Runtime.
type Options struct {
	// Engine is required. The Runtime closes it.
	Engine Engine
	// StateFile keeps the running configuration. Empty: it is not kept.
	StateFile string
	// BindHost is bound by listeners whose Address names no host. Default: all
	// addresses.
	BindHost string
	// CloseTimeout bounds how long the connections of a removed listener may go
	// on. Default: 30s.
	CloseTimeout time.Duration
	// Store has the TCP sockets of listeners when the process is killed. The caller
	// closes it after the Runtime. Default: none, they are closed.
	Store *fdstore.Client
	// Logger is required.
	Logger *zap.Logger
	// SetLogLevel is called with the level of each configuration applied. May be nil.
	SetLogLevel func(zapcore.Level)
	// Metrics count pushes, connections and datagrams, and name the running version. May
	// be nil.
	Metrics *metrics.Metrics
	// Program is the version of the program, for Status.
	Program string
	// AccessLog takes the lines of sessions of UDP, as engine.Options.AccessLog those
	// of all others. Default: none.
	AccessLog zapcore.WriteSyncer
}

// Runtime is what a proxy process serves. Its methods may be called concurrently.
type Runtime struct {
	opts      Options
	engine    Engine
	sockets   *server.Set
	datagrams *datagram.Set
	state     *statefile.File // nil: not kept

	// mu serialises whatever changes what is served.
	mu      sync.Mutex
	stopped bool

	current  atomic.Pointer[running]
	draining atomic.Bool
}

// running is a configuration in use. Immutable.
type running struct {
	config           *config.Config
	endpointsVersion string
}

// New returns a Runtime that serves nothing yet. Close ends it.
func New(opts Options) *Runtime {
	r := &Runtime{opts: opts, engine: opts.Engine}
	r.sockets = server.New(server.Options{
		Handler:      opts.Engine.Handler,
		Streams:      opts.Engine,
		BindHost:     opts.BindHost,
		CloseTimeout: opts.CloseTimeout,
		Store:        opts.Store,
		Metrics:      opts.Metrics,
		Logger:       opts.Logger.Named("server"),
	})
	r.datagrams = datagram.New(datagram.Options{
		Backends:  opts.Engine,
		BindHost:  opts.BindHost,
		AccessLog: opts.AccessLog,
		Metrics:   opts.Metrics,
		Logger:    opts.Logger.Named("datagram"),
	})
	if opts.StateFile != "" {
		r.state = statefile.Open(opts.StateFile, opts.Logger.Named("state"))
	}
	return r
}

// Apply makes cfg what is served. A Config without Version gets one by
// config.Seal. The error is a *config.Refusal, or that of a ctx that ended before
// anything was done; nothing has changed then.
func (r *Runtime) Apply(ctx context.Context, cfg *config.Config) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count(r.apply(ctx, cfg))
}

// ApplyDelta changes the running configuration. The error is ErrConflict if the
// delta has another base, else as that of Apply.
func (r *Runtime) ApplyDelta(ctx context.Context, delta *config.Delta) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count(r.applyDelta(ctx, delta))
}

// applyDelta needs mu.
func (r *Runtime) applyDelta(ctx context.Context, delta *config.Delta) error {
	run := r.current.Load()
	if run == nil || run.config.Version != delta.Base {
		return ErrConflict
	}
	cfg, err := run.config.Apply(delta)
	if err != nil {
		return err
	}
	return r.apply(ctx, cfg)
}

// apply needs mu.
func (r *Runtime) apply(ctx context.Context, cfg *config.Config) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.stopped {
		return &config.Refusal{Message: "the proxy is stopping"}
	}
	if cfg.Version == "" {
		sealed := *cfg // the caller's is not ours to change
		config.Seal(&sealed)
		cfg = &sealed
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	level, err := logLevel(cfg)
	if err != nil {
		return err
	}
	swap, err := r.engine.Compile(cfg)
	if err != nil {
		return err
	}
	// In front of the others, to which HTTP/3 leaves the ports that are for them.
	change, err := r.sockets.Prepare(cfg)
	if err != nil {
		return err
	}
	datagrams, err := r.datagrams.Prepare(cfg)
	if err != nil {
		change.Abort()
		return err
	}
	swap()
	change.Commit()
	datagrams.Commit()
	if r.opts.SetLogLevel != nil {
		r.opts.SetLogLevel(level)
	}
	r.current.Store(&running{config: cfg, endpointsVersion: config.EndpointsVersion(cfg)})
	if r.opts.Metrics != nil {
		r.opts.Metrics.SetVersion(cfg.Version)
	}
	if r.state != nil {
		r.state.Save(cfg)
	}
	r.opts.Logger.Info("applied a configuration",
		zap.String("version", cfg.Version),
		zap.Int("listeners", len(cfg.Listeners)),
		zap.Int("routes", len(cfg.Routes)),
		zap.Int("backends", len(cfg.Backends)))
	return nil
}

func logLevel(cfg *config.Config) (zapcore.Level, error) {
	if cfg.LogLevel == "" {
		return zapcore.InfoLevel, nil
	}
	level, err := zapcore.ParseLevel(cfg.LogLevel)
	if err != nil {
		return 0, &config.Refusal{Field: "log_level", Message: err.Error()}
	}
	return level, nil
}

// ApplyEndpoints replaces the endpoints of some backends. The error is
// ErrConflict if the update has another base or names a backend that the running
// configuration doesn't have, else a *config.Refusal; nothing has changed then.
func (r *Runtime) ApplyEndpoints(ctx context.Context, update *config.EndpointsUpdate) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count(r.applyEndpoints(ctx, update))
}

// applyEndpoints needs mu.
func (r *Runtime) applyEndpoints(ctx context.Context, update *config.EndpointsUpdate) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	run := r.current.Load()
	if run == nil || run.config.Version != update.Base || !hasBackends(run.config, update.Backends) {
		return ErrConflict
	}
	cfg, err := run.config.WithEndpoints(update)
	if err != nil {
		return err
	}
	if err := r.engine.SetEndpoints(update.Backends); err != nil {
		return err
	}
	r.datagrams.EndpointsChanged()
	r.current.Store(&running{config: cfg, endpointsVersion: config.EndpointsVersion(cfg)})
	if r.state != nil && !r.stopped {
		r.state.SaveSoon(cfg)
	}
	r.opts.Logger.Debug("applied endpoints", zap.Int("backends", len(update.Backends)))
	return nil
}

// count counts a push by what came of it, which it returns. A push whose sender
// went away before anything was done is none.
func (r *Runtime) count(err error) error {
	if r.opts.Metrics == nil {
		return err
	}
	_, refused := errors.AsType[*config.Refusal](err)
	switch {
	case err == nil:
		r.opts.Metrics.Pushed(metrics.Applied)
	case refused:
		r.opts.Metrics.Pushed(metrics.Refused)
	case errors.Is(err, ErrConflict):
		r.opts.Metrics.Pushed(metrics.UnknownBase)
	}
	return err
}

func hasBackends(cfg *config.Config, updates []config.BackendEndpoints) bool {
	known := make(map[string]bool, len(cfg.Backends))
	for i := range cfg.Backends {
		known[cfg.Backends[i].ID] = true
	}
	for i := range updates {
		if !known[updates[i].ID] {
			return false
		}
	}
	return true
}

// Restore applies the configuration that was kept on disk, if there is one. The
// error says why one that is there could not be used.
func (r *Runtime) Restore(ctx context.Context) error {
	if r.opts.StateFile == "" {
		return nil
	}
	cfg, err := statefile.Load(r.opts.StateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.apply(ctx, cfg); err != nil {
		return fmt.Errorf("applying the configuration of the state file: %w", err)
	}
	return nil
}

// Status says what runs. It never waits.
func (r *Runtime) Status() config.Status {
	s := config.Status{Draining: r.draining.Load(), Revision: config.Revision, Program: r.opts.Program}
	if run := r.current.Load(); run != nil {
		s.Version = run.config.Version
		s.EndpointsVersion = run.endpointsVersion
	}
	return s
}

// Config is the running configuration, nil before the first. Not to be modified.
func (r *Runtime) Config() *config.Config {
	if run := r.current.Load(); run != nil {
		return run.config
	}
	return nil
}

// Ready is nil when traffic may be sent here, else it says why not.
func (r *Runtime) Ready() error {
	switch {
	case r.draining.Load():
		return errors.New("draining")
	case r.current.Load() == nil:
		return errors.New("no configuration")
	}
	return nil
}

// Addr is the address that the TCP socket of listeners is bound to, nil if there is
// none; address is what config.Listener.BindAddress returned.
func (r *Runtime) Addr(address string) net.Addr { return r.sockets.Addr(address) }
