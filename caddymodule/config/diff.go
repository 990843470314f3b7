// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"reflect"
	"slices"
)

// Diff returns the Delta that makes next of base. Objects that are deeply equal
// are left out. What it holds is shared with next.
func Diff(base, next *Config) *Delta {
	d := &Delta{
		Base:         base.Version,
		Version:      next.Version,
		Gateways:     changes(base.Gateways, next.Gateways),
		Listeners:    changes(base.Listeners, next.Listeners),
		Routes:       changes(base.Routes, next.Routes),
		Backends:     changes(base.Backends, next.Backends),
		Certificates: changes(base.Certificates, next.Certificates),
		CABundles:    changes(base.CABundles, next.CABundles),
	}
	if base.LogLevel != next.LogLevel {
		d.LogLevel = &next.LogLevel
	}
	return d
}

func changes[T identified](base, next []T) *Changes[T] {
	before := make(map[string]*T, len(base))
	for i := range base {
		before[base[i].identity()] = &base[i]
	}
	var c Changes[T]
	for i := range next {
		id := next[i].identity()
		if old, ok := before[id]; !ok || !reflect.DeepEqual(*old, next[i]) {
			c.Set = append(c.Set, next[i])
		}
		delete(before, id)
	}
	for id := range before {
		c.Remove = append(c.Remove, id)
	}
	if c.Set == nil && c.Remove == nil {
		return nil
	}
	slices.Sort(c.Remove)
	return &c
}

// Apply returns the Config that d makes of c, which stays as it is; what d does
// not touch is shared between the two. Whether d.Base is c.Version is for the
// caller to check. The error is a *Refusal: d names an object to remove that is
// not there, or one twice.
func (c *Config) Apply(d *Delta) (*Config, error) {
	next := &Config{Version: d.Version, LogLevel: c.LogLevel}
	if d.LogLevel != nil {
		next.LogLevel = *d.LogLevel
	}
	a := applier{}
	next.Gateways = applied(&a, "gateways", c.Gateways, d.Gateways)
	next.Listeners = applied(&a, "listeners", c.Listeners, d.Listeners)
	next.Routes = applied(&a, "routes", c.Routes, d.Routes)
	next.Backends = applied(&a, "backends", c.Backends, d.Backends)
	next.Certificates = applied(&a, "certificates", c.Certificates, d.Certificates)
	next.CABundles = applied(&a, "ca_bundles", c.CABundles, d.CABundles)
	if a.refusal != nil {
		return nil, a.refusal
	}
	return next, nil
}

// applier keeps the first refusal over the kinds of objects.
type applier struct{ refusal *Refusal }

func (a *applier) refuse(object, list, message string) {
	if a.refusal == nil {
		a.refusal = &Refusal{Object: object, Field: list, Message: message}
	}
}

func applied[T identified](a *applier, name string, list []T, c *Changes[T]) []T {
	if c == nil {
		return list
	}
	set := make(map[string]T, len(c.Set))
	for _, o := range c.Set {
		if _, twice := set[o.identity()]; twice {
			a.refuse(o.identity(), name, "set twice in one delta")
		}
		set[o.identity()] = o
	}
	remove := make(map[string]bool, len(c.Remove))
	for _, id := range c.Remove {
		if _, both := set[id]; both || remove[id] {
			a.refuse(id, name, "named twice in one delta")
		}
		remove[id] = true
	}
	next := make([]T, 0, len(list)+len(set))
	for _, o := range list {
		id := o.identity()
		if remove[id] {
			delete(remove, id)
			continue
		}
		if changed, ok := set[id]; ok {
			o = changed
			delete(set, id)
		}
		next = append(next, o)
	}
	for id := range remove {
		a.refuse(id, name, "not there to be removed")
	}
	for _, o := range set {
		next = append(next, o)
	}
	return sorted(next)
}

// WithEndpoints returns a Config with the endpoints of u, which stays as it is.
// Whether u.Base is c.Version is for the caller to check. The error is a *Refusal:
// a backend is unknown, or an endpoint is not valid.
func (c *Config) WithEndpoints(u *EndpointsUpdate) (*Config, error) {
	next := *c
	next.Backends = slices.Clone(c.Backends)
	at := make(map[string]int, len(next.Backends))
	for i := range next.Backends {
		at[next.Backends[i].ID] = i
	}
	for _, b := range u.Backends {
		i, ok := at[b.ID]
		if !ok {
			return nil, &Refusal{Object: b.ID, Message: "no such backend"}
		}
		next.Backends[i].Endpoints = b.Endpoints
		if err := next.Backends[i].validateEndpoints(); err != nil {
			return nil, err
		}
	}
	return &next, nil
}

// Redacted returns a Config without private keys, for people to look at.
func (c *Config) Redacted() *Config {
	next := *c
	next.Certificates = slices.Clone(c.Certificates)
	for i := range next.Certificates {
		next.Certificates[i].Key = ""
	}
	return &next
}
