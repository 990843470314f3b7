// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/control"
)

func init() {
	caddy.RegisterModule(AdminAPI{})
}

// AdminAPI serves on Caddy's admin endpoint what the control port serves: the
// paths under /gateway/. The endpoint knows no clients; it belongs on a unix
// socket.
type AdminAPI struct{}

// CaddyModule returns the Caddy module information.
func (AdminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.gateway",
		New: func() caddy.Module { return new(AdminAPI) },
	}
}

// Routes returns the routes of the admin endpoint.
func (AdminAPI) Routes() []caddy.AdminRoute {
	// Caddy makes a new AdminAPI for each configuration, before its apps, and
	// keeps one of a configuration that failed. So the Runtime is looked up anew
	// for every request.
	handler := caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		rt, ok := Running()
		if !ok {
			return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errors.New("the gateway app does not run")}
		}
		control.Handler(rt).ServeHTTP(w, r)
		return nil
	})
	return []caddy.AdminRoute{
		{Pattern: config.PathConfig, Handler: handler},
		{Pattern: config.PathEndpoints, Handler: handler},
		{Pattern: config.PathStatus, Handler: handler},
	}
}

// Interface guards
var (
	_ caddy.Module      = (*AdminAPI)(nil)
	_ caddy.AdminRouter = (*AdminAPI)(nil)
)
