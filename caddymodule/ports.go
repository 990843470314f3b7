// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/control"
	"github.com/kubera-dev/kubera/caddymodule/status"
)

// closeTimeout bounds how long a port that goes may finish its answers.
const closeTimeout = 5 * time.Second

// ports are the control and the status port, and what they were opened for.
type ports struct {
	control        *control.Server
	controlOptions Control
	status         *status.Server
	statusOptions  Status
}

// portChange is a change of ports whose new ones are open already.
type portChange struct {
	from *ports
	to   ports
}

// open opens the ports that a wants and that are not open.
func (c *ports) open(p *process, a *App) (*portChange, error) {
	change := &portChange{from: c, to: *c}
	ctx := context.Background() // Caddy gives a start none
	if a.Control == nil {
		change.to.control, change.to.controlOptions = nil, Control{}
	} else if c.control == nil || c.controlOptions != *a.Control {
		if c.control != nil && c.controlOptions.Listen == a.Control.Listen {
			// Two can't have the address at once. Controllers connect again.
			c.closeControl()
		}
		s, err := control.Listen(ctx, control.Options{
			Listen:    a.Control.Listen,
			Directory: a.Control.Directory,
			ClientURI: a.Control.ClientURI,
			Handler:   control.Handler(p.runtime),
			Expires:   p.metrics.SetControlExpiry,
			Logger:    p.log.logger.Named("control"),
		})
		if err != nil {
			return nil, err
		}
		change.to.control, change.to.controlOptions = s, *a.Control
	}
	if a.Status == nil {
		change.to.status, change.to.statusOptions = nil, Status{}
	} else if c.status == nil || c.statusOptions != *a.Status {
		s, err := status.Listen(ctx, status.Options{
			Listen:  a.Status.Listen,
			Ready:   p.runtime.Ready,
			Metrics: p.registry,
			Logger:  p.log.logger.Named("status"),
		})
		if err != nil {
			change.abort()
			return nil, err
		}
		change.to.status, change.to.statusOptions = s, *a.Status
	}
	return change, nil
}

// abort closes what was opened.
func (c *portChange) abort() { closeReplaced(&c.to, c.from) }

// commit closes what is not wanted any more.
func (c *portChange) commit() {
	old := *c.from
	*c.from = c.to
	closeReplaced(&old, c.from)
}

// closeReplaced closes the ports of old that are not those of kept.
func closeReplaced(old, kept *ports) {
	if old.control != nil && old.control != kept.control {
		old.closeControl()
	}
	if old.status != nil && old.status != kept.status {
		old.status.Close()
	}
}

func (c *ports) closeControl() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	c.control.Close(ctx)
	c.control, c.controlOptions = nil, Control{}
}

func (c *ports) close() { closeReplaced(c, &ports{}) }
