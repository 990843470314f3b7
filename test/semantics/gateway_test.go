// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"crypto/tls"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/engine"
	"github.com/kubera-dev/kubera/caddymodule/runtime"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/internal/render"
	"github.com/kubera-dev/kubera/internal/snapshot"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dataPlane serves all Gateways of a case, each on ports of its own.
type dataPlane struct {
	runtime *runtime.Runtime
	// addresses by "gateway:port", as exchanges name them.
	addresses map[string]string
	// clientCertificates that exchanges may present.
	clientCertificates map[string]tls.Certificate
}

func newDataPlane(t *testing.T) *dataPlane {
	t.Helper()
	rt := runtime.New(runtime.Options{
		Engine: engine.New(engine.Options{}), BindHost: "127.0.0.1", CloseTimeout: time.Second, Logger: zap.NewNop(),
	})
	t.Cleanup(rt.Close)
	return &dataPlane{runtime: rt, addresses: map[string]string{}}
}

// serve translates the objects, serves what comes of it and gives the statuses.
func (d *dataPlane) serve(t *testing.T, s *snapshot.Snapshot) *gatewayapi.Result {
	t.Helper()
	result := gatewayapi.Translate(s, gatewayapi.Options{ControllerName: manifest.ControllerName})
	cfg := render.Config(result.Gateways, render.Options{})
	for i := range cfg.Listeners {
		l := &cfg.Listeners[i]
		id := fmt.Sprintf("%s:%d", l.Gateway, l.Port)
		if l.Protocol == config.UDP {
			id += "/udp"
		}
		l.Address = d.address(t, id)
	}
	cfg.Version = ""
	if err := d.runtime.Apply(t.Context(), cfg); err != nil {
		t.Fatalf("the configuration was refused: %v", err)
	}
	return result
}

// address gives the loopback address of a port of a Gateway, always the same.
func (d *dataPlane) address(t *testing.T, id string) string {
	t.Helper()
	if d.addresses[id] == "" {
		d.addresses[id] = loopback.FreeAddress(t)
	}
	return d.addresses[id]
}
