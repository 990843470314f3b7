// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/metrics"
)

// session is what is known of one proxy. It belongs to one goroutine.
type session struct {
	client *client
	count  func(metrics.Push)

	// held is what the proxy runs, nil if that is not known or not one of ours.
	held *target
	// status is the proxy's last word on it.
	status config.Status
	// unsure says that the proxy has to be asked before held is believed.
	unsure bool
	// refusal is the proxy's answer to the version refused, nil if it took it.
	refused string
	refusal *config.Refusal
}

// bring makes the proxy run want. An error that is a *config.Refusal comes from
// the proxy, which then runs what it ran before.
func (s *session) bring(ctx context.Context, want *target) error {
	retry := s.unsure
	if s.unsure || s.status.Version == "" {
		if err := s.ask(ctx); err != nil {
			return err
		}
	}
	want = s.understood(want)
	s.believe(want)
	if s.held != nil && s.held.version == want.version && s.held.endpoints == want.endpoints {
		return nil
	}
	if s.refusal != nil && s.refused == want.version && !retry {
		return s.follow(ctx, want)
	}
	err := s.push(ctx, want)
	s.refused, s.refusal = want.version, nil
	if errors.As(err, &s.refusal) {
		return s.follow(ctx, want)
	}
	return err
}

// push sends the least that leads to want, or all of it where that does not help:
// after a conflict, and where the least was refused, which may come from a wrong
// belief about what the proxy holds.
func (s *session) push(ctx context.Context, want *target) error {
	var err error
	switch {
	case s.held != nil && s.held.version == want.version:
		err = s.endpoints(ctx, want, changedEndpoints(s.held.config, want.config))
	case s.held != nil:
		err = s.send(ctx, want, "delta", http.MethodPatch, config.PathConfig, config.Diff(s.held.config, want.config))
	case s.status.Version == want.version:
		err = s.endpoints(ctx, want, allEndpoints(want.config))
	default:
		return s.whole(ctx, want)
	}
	var refusal *config.Refusal
	if errors.Is(err, errConflict) || errors.As(err, &refusal) {
		return s.whole(ctx, want)
	}
	return err
}

// ask learns what the proxy runs.
func (s *session) ask(ctx context.Context) error {
	status, err := s.client.status(ctx)
	if err != nil {
		return fmt.Errorf("ask for the status: %w", err)
	}
	s.status, s.unsure = status, false
	return nil
}

// understood is what of want the proxy understands.
func (s *session) understood(want *target) *target { return want.at(s.status.Speaks()) }

// believe goes by the proxy's last word.
func (s *session) believe(want *target) {
	switch {
	case want.runs(s.status):
		s.held = want
	case s.held != nil && !s.held.runs(s.status):
		s.held = nil
	}
}

func (s *session) whole(ctx context.Context, want *target) error {
	body, err := want.body()
	if err != nil {
		return fmt.Errorf("encode configuration: %w", err)
	}
	return s.sendBody(ctx, want, "full", http.MethodPut, config.PathConfig, body)
}

func (s *session) endpoints(ctx context.Context, want *target, backends []config.BackendEndpoints) error {
	update := config.EndpointsUpdate{Base: want.version, Backends: backends}
	return s.send(ctx, want, "endpoints", http.MethodPatch, config.PathEndpoints, update)
}

// follow keeps the endpoints of a configuration up to date that serves on because
// the proxy refused want. It returns the refusal.
func (s *session) follow(ctx context.Context, want *target) error {
	if s.held == nil {
		return s.refusal
	}
	updates := changedEndpoints(s.held.config, want.config)
	if len(updates) == 0 {
		return s.refusal
	}
	return cmp.Or[error](s.endpoints(ctx, s.held.moved(updates), updates), s.refusal)
}

func (s *session) send(ctx context.Context, want *target, kind, method, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode %s: %w", kind, err)
	}
	return s.sendBody(ctx, want, kind, method, path, data)
}

func (s *session) sendBody(ctx context.Context, want *target, kind, method, path string, body []byte) error {
	began := time.Now()
	status, err := s.client.exchange(ctx, method, path, body)
	if err == nil && !want.runs(status) {
		err = fmt.Errorf("%w: it runs version %q with endpoints %q after it took version %q with endpoints %q", errConflict,
			status.Version, status.EndpointsVersion, want.version, want.endpoints)
	}
	s.count(metrics.Push{Kind: kind, Result: resultOf(err), Duration: time.Since(began)})
	var refusal *config.Refusal
	switch {
	case err == nil:
		s.held, s.status = want, status
	case errors.Is(err, errConflict):
		s.held, s.unsure = nil, true
	case !errors.As(err, &refusal):
		// Whether it was applied is not known.
		s.unsure = true
	}
	return err
}
