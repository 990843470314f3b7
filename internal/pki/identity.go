// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/tls"
	"errors"
	"sync"
	"time"
)

// ErrNoAuthority is returned by an Identity before it was given an Authority.
var ErrNoAuthority = errors.New("the authority of the control channel is not known yet")

// Identity is the controller's side of the control channel: the present
// Authority and a client certificate from it, renewed when it is used. It is safe
// for concurrent use; the zero value has no Authority.
type Identity struct {
	// Now is the clock. Default: time.Now.
	Now func() time.Time

	mu        sync.Mutex
	authority *Authority
	client    *tls.Certificate
}

// Set makes a the authority of connections that begin from now on.
func (i *Identity) Set(a *Authority) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.authority, i.client = a, nil
}

// Authority returns the present authority, nil if there is none yet.
func (i *Identity) Authority() *Authority {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.authority
}

// ClientConfig returns the TLS configuration for one connection to the proxy
// whose certificate is for serverName. The caller owns it.
func (i *Identity) ClientConfig(serverName string) (*tls.Config, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.authority == nil {
		return nil, ErrNoAuthority
	}
	now := time.Now
	if i.Now != nil {
		now = i.Now
	}
	if i.client == nil || !now().Before(RenewAt(i.client.Leaf)) {
		client, err := i.authority.IssueClient(now())
		if err != nil {
			return nil, err
		}
		i.client = client
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		ServerName:   serverName,
		RootCAs:      i.authority.Pool(),
		Certificates: []tls.Certificate{*i.client},
		NextProtos:   []string{"h2"},
	}, nil
}
