// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/kubera-dev/kubera/internal/echo"
)

func echoCommand() *cobra.Command {
	var listen, name string
	cmd := &cobra.Command{
		Use:   "echo [flags]",
		Short: "Run a backend that answers with what it got",
		Long: `Answers every request, in HTTP/1.1 or HTTP/2 without TLS, with its method, path, host
and header fields: as text without the fields that all clients and proxies send, or,
to a request that accepts application/json, as JSON with all fields.`,
		Example: `  kubera echo --listen 127.0.0.1:9001 --name stable
  curl http://127.0.0.1:9001/ -H 'Accept: application/json'`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			listener, err := net.Listen("tcp", listen)
			if err != nil {
				return err
			}
			newPrinter(cmd.OutOrStdout()).line("%s listens on http://%s", name, listener.Addr())
			return echo.Serve(cmd.Context(), listener, name)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:9001", "HOST:PORT to listen on")
	cmd.Flags().StringVar(&name, "name", "echo", "name that answers begin with")
	return cmd
}

// echoBackend is a backend that kubera run runs itself.
type echoBackend struct {
	name, address string
}

// parseEchoes reads NAME=HOST:PORT.
func parseEchoes(flags []string) ([]echoBackend, error) {
	var list []echoBackend
	for _, flag := range flags {
		name, address, ok := strings.Cut(flag, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("--echo %s: must be NAME=HOST:PORT", flag)}
		}
		if err := checkAddress("--echo "+flag, "NAME=HOST:PORT", address); err != nil {
			return nil, err
		}
		list = append(list, echoBackend{name, address})
	}
	return list, nil
}

// echoes are running backends.
type echoes struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// startEchoes starts all of the backends or none. They end when stop is called,
// which is after the gateway has ended, so that requests can.
func startEchoes(ctx context.Context, backends []echoBackend) (*echoes, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e := &echoes{cancel: cancel}
	var listeners []net.Listener
	for _, backend := range backends {
		listener, err := net.Listen("tcp", backend.address)
		if err != nil {
			cancel()
			for _, l := range listeners {
				err = errors.Join(err, l.Close())
			}
			return nil, fmt.Errorf("--echo %s=%s: %w", backend.name, backend.address, err)
		}
		listeners = append(listeners, listener)
	}
	for i, backend := range backends {
		// An error after this could only be that of stopping late.
		e.running.Go(func() { _ = echo.Serve(ctx, listeners[i], backend.name) })
	}
	return e, nil
}

func (e *echoes) stop() {
	e.cancel()
	e.running.Wait()
}
