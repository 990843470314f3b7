// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"errors"
	"slices"
	"strings"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/manifest"
)

// Runtime serves configurations: caddymodule.Running.
type Runtime interface {
	// Apply serves cfg, or changes nothing and says why with a *config.Refusal.
	Apply(ctx context.Context, cfg *config.Config) error
}

// apply serves the translation without what the runtime refuses, such as a listener
// whose port another process has. It gives what is served, and the refusals as
// problems of the objects that they are about. The error is one that no single
// object accounts for; nothing has changed then.
func apply(ctx context.Context, runtime Runtime, t *Translation) (*config.Config, []manifest.Problem, error) {
	cfg := t.Config
	var problems []manifest.Problem
	for {
		err := runtime.Apply(ctx, cfg)
		if err == nil {
			return cfg, problems, nil
		}
		refusal, ok := errors.AsType[*config.Refusal](err)
		if !ok {
			return nil, problems, err
		}
		reduced, ok := without(cfg, refusal.Object)
		if !ok {
			return nil, problems, err
		}
		config.Seal(reduced)
		cfg = reduced
		problems = append(problems, t.refused(refusal))
	}
}

// without gives a copy that lacks one object and what can't be without it, and
// false if there is no such object to leave out.
func without(cfg *config.Config, id string) (*config.Config, bool) {
	reduced := *cfg
	reduced.Version = ""
	switch {
	case slices.ContainsFunc(cfg.Listeners, func(l config.Listener) bool { return l.ID == id }):
		reduced.Listeners = slices.DeleteFunc(slices.Clone(cfg.Listeners), func(l config.Listener) bool { return l.ID == id })
		reduced.Routes = detach(cfg.Routes, id)
	case slices.ContainsFunc(cfg.Routes, func(r config.Route) bool { return r.ID == id }):
		reduced.Routes = slices.DeleteFunc(slices.Clone(cfg.Routes), func(r config.Route) bool { return r.ID == id })
	case slices.ContainsFunc(cfg.Certificates, func(c config.Certificate) bool { return c.ID == id }):
		reduced.Certificates = slices.DeleteFunc(slices.Clone(cfg.Certificates), func(c config.Certificate) bool { return c.ID == id })
		reduced.Listeners = slices.Clone(cfg.Listeners)
		for i, l := range reduced.Listeners {
			if l.TLS != nil {
				tls := *l.TLS
				tls.Certificates = slices.DeleteFunc(slices.Clone(tls.Certificates), func(c string) bool { return c == id })
				reduced.Listeners[i].TLS = &tls
			}
		}
	default:
		return nil, false
	}
	return &reduced, true
}

// detach takes a listener away from routes; those that have no other go with it.
func detach(routes []config.Route, listener string) []config.Route {
	var kept []config.Route
	for _, route := range routes {
		route.Attachments = slices.DeleteFunc(slices.Clone(route.Attachments), func(a config.Attachment) bool { return a.Listener == listener })
		if len(route.Attachments) > 0 {
			kept = append(kept, route)
		}
	}
	return kept
}

// refused makes a problem of a refusal, at the object that it is about.
func (t *Translation) refused(refusal *config.Refusal) manifest.Problem {
	problem := manifest.Problem{Message: refusal.Error()}
	id, _, _ := strings.Cut(refusal.Object, keptFor)
	parts := strings.Split(id, "/")
	if len(parts) != 3 {
		return problem
	}
	key := manifest.Key{Group: gwv1.GroupName, Kind: parts[0], Namespace: parts[1], Name: parts[2]}
	if parts[0] == "Secret" {
		key.Group = ""
	}
	field, scope := "spec", ""
	if !strings.HasSuffix(parts[0], "Route") && parts[0] != "Secret" {
		// Listeners are namespace, Gateway and name.
		key.Kind, key.Namespace, key.Name = "Gateway", parts[0], parts[1]
		scope = "listener " + parts[2] + ": "
	}
	object := t.Set.Find(key)
	if object == nil {
		return problem
	}
	if gw, ok := object.Value.(*gwv1.Gateway); ok {
		i := slices.IndexFunc(gw.Spec.Listeners, func(l gwv1.Listener) bool { return string(l.Name) == parts[2] })
		field = listenerField(i)
	}
	problem.Object = key
	problem.Position = object.FieldPosition(field)
	problem.Message = scope + "Programmed=False (Invalid): " + refusal.Message
	if strings.Contains(refusal.Message, "permission denied") {
		problem.Message += "; ports below 1024 may need privileges: --port-offset 8000 makes 8080 of 80"
	}
	return problem
}
