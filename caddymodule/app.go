// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/control"
	"github.com/kubera-dev/kubera/caddymodule/runtime"
)

func init() {
	caddy.RegisterModule(App{})
}

// The defaults of Drain.
const (
	DefaultDrainDelay   = 10 * time.Second
	DefaultDrainTimeout = 30 * time.Second
)

// App is the Caddy app "gateway", which serves the listeners and routes of
// Kubernetes Gateway API Gateways.
type App struct {
	// Config is what is served: listeners, routes, backends and certificates. If
	// it is left out, what the process serves stays as it is; at start that is
	// what StateFile holds, or nothing until a configuration is pushed.
	Config *config.Config `json:"config,omitempty"`

	// StateFile keeps the configuration that is served, so that a restarted
	// process comes back with it. It holds private keys and has mode 0600; a
	// memory-backed volume is the place for it. A reload can't change it.
	// Default: not kept.
	StateFile string `json:"state_file,omitempty"`

	// FDStore is the path of the unix socket of a descriptor store, "kubera-proxy
	// fdstore", which has the TCP sockets of listeners while the process is killed and
	// started again. A reload can't change it. Default: none.
	FDStore string `json:"fdstore,omitempty"`

	// Control is the port through which configurations are pushed. Default: none.
	Control *Control `json:"control,omitempty"`

	// Status is the port with /healthz, /readyz and /metrics. Default: none.
	Status *Status `json:"status,omitempty"`

	// Drain says how serving ends when the process is asked to stop.
	Drain *Drain `json:"drain,omitempty"`

	// BindHost is the host or IP address that listeners are bound to whose own
	// address names none. A reload can't change it. Default: all addresses, IPv4
	// and IPv6.
	BindHost string `json:"bind_host,omitempty"`

	logger  *zap.Logger
	process *process
}

// Control is a port that accepts configurations over mutual TLS (TLS 1.3, HTTP/2).
type Control struct {
	// Listen is the host:port to bind. Default: ":19443".
	Listen string `json:"listen,omitempty"`
	// Directory holds tls.crt and tls.key, the certificate of the port, and
	// ca.crt, which clients' certificates must be issued by. The files are read
	// again when they change. Required.
	Directory string `json:"directory,omitempty"`
	// ClientURI is the URI that the certificate of a client must name, and no
	// other beside it. Default: "spiffe://kubera.dev/controller".
	ClientURI string `json:"client_uri,omitempty"`
}

// Status is a port that tells about the process in plain HTTP.
type Status struct {
	// Listen is the host:port to bind. Default: ":19090".
	Listen string `json:"listen,omitempty"`
}

// Drain says how serving ends.
type Drain struct {
	// Delay is how long everything is served as before, after /readyz has begun
	// to answer 503. Default: 10s.
	Delay *caddy.Duration `json:"delay,omitempty"`
	// Timeout bounds how long requests and upgraded connections may take to end
	// after that. Default: 30s.
	Timeout *caddy.Duration `json:"timeout,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "gateway",
		New: func() caddy.Module { return new(App) },
	}
}

// Provision sets defaults and joins the process. It opens no port.
func (a *App) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	if a.Control != nil {
		a.Control.Listen = cmp.Or(a.Control.Listen, fmt.Sprintf(":%d", config.ControlPort))
		a.Control.ClientURI = cmp.Or(a.Control.ClientURI, control.DefaultClientURI)
	}
	if a.Status != nil {
		a.Status.Listen = cmp.Or(a.Status.Listen, fmt.Sprintf(":%d", config.StatusPort))
	}
	p, err := joinProcess()
	if err != nil {
		return err
	}
	a.process = p
	return nil
}

// Validate checks what can be checked without opening a port.
func (a *App) Validate() error {
	if a.Control != nil {
		if a.Control.Directory == "" {
			return errors.New("control: directory is required")
		}
		if err := validateListen(a.Control.Listen); err != nil {
			return fmt.Errorf("control: %w", err)
		}
	}
	if a.Status != nil {
		if err := validateListen(a.Status.Listen); err != nil {
			return fmt.Errorf("status: %w", err)
		}
	}
	if d := a.drain(); d.Delay < 0 || d.Timeout < 0 {
		return errors.New("drain: durations must not be negative")
	}
	if a.Config != nil {
		if err := a.Config.Validate(); err != nil {
			return fmt.Errorf("config: %w", err)
		}
	}
	return nil
}

func validateListen(address string) error {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

func (a *App) drain() runtime.Drain {
	d := runtime.Drain{Delay: DefaultDrainDelay, Timeout: DefaultDrainTimeout}
	if a.Drain != nil && a.Drain.Delay != nil {
		d.Delay = time.Duration(*a.Drain.Delay)
	}
	if a.Drain != nil && a.Drain.Timeout != nil {
		d.Timeout = time.Duration(*a.Drain.Timeout)
	}
	return d
}

// Start opens the ports that are new and applies the configuration.
func (a *App) Start() error { return a.process.start(a) }

// Stop drains if the app goes for good. In a reload its successor has taken over
// by now, and nothing happens.
func (a *App) Stop() error {
	a.process.stop(a)
	return nil
}

// Cleanup leaves the process, which ends what it owns with the last app.
func (a *App) Cleanup() error {
	if a.process == nil {
		return nil // Provision failed
	}
	a.process.stop(a) // not done by Caddy if something else failed to start
	return leaveProcess()
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.Validator    = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
