// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// errConflict is the answer of a proxy that does not hold what a push builds on.
var errConflict = errors.New("the proxy does not hold the base of the push")

// client speaks to one proxy, over one HTTP/2 connection that is made anew, with
// fresh credentials, when it breaks.
type client struct {
	http    *http.Client
	address string
	timeout time.Duration
}

func newClient(o *Options, serverName, address string) *client {
	dialer := net.Dialer{Timeout: o.Timeout}
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	transport := &http.Transport{
		Protocols:       &protocols,
		IdleConnTimeout: 2 * o.CheckInterval,
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			tlsConfig, err := o.Credentials(serverName)
			if err != nil {
				return nil, err
			}
			raw, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			conn := tls.Client(raw, tlsConfig)
			if err := conn.HandshakeContext(ctx); err != nil {
				_ = raw.Close()
				return nil, err
			}
			return conn, nil
		},
	}
	return &client{http: &http.Client{Transport: transport}, address: address, timeout: o.Timeout}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// status asks what the proxy runs.
func (c *client) status(ctx context.Context) (config.Status, error) {
	return c.exchange(ctx, http.MethodGet, config.PathStatus, nil)
}

// exchange sends a push and returns what the proxy runs then. The error is
// errConflict, a *config.Refusal, or one of the network.
func (c *client) exchange(ctx context.Context, method, path string, body []byte) (config.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var status config.Status
	req, err := http.NewRequestWithContext(ctx, method, "https://"+c.address+path, bytes.NewReader(body))
	if err != nil {
		return status, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return status, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return status, fmt.Errorf("read answer: %w", err)
	}
	status, err = parseAnswer(resp.StatusCode, data)
	if err != nil {
		return status, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return status, nil
}

// parseAnswer reads what a proxy answers to a push or a question.
func parseAnswer(code int, data []byte) (config.Status, error) {
	switch code {
	case http.StatusOK:
		var status config.Status
		if err := json.Unmarshal(data, &status); err != nil {
			return config.Status{}, fmt.Errorf("decode answer: %w", err)
		}
		return status, nil
	case http.StatusConflict:
		return config.Status{}, errConflict
	case http.StatusBadRequest, http.StatusUnprocessableEntity,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		var refusal config.Refusal
		if err := json.Unmarshal(data, &refusal); err != nil || refusal.Message == "" {
			refusal = config.Refusal{Message: fmt.Sprintf("the proxy answered %d %s", code, http.StatusText(code))}
		}
		return config.Status{}, &refusal
	}
	return config.Status{}, fmt.Errorf("the proxy answered %d %s", code, http.StatusText(code))
}
