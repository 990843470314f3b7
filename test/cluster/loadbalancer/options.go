// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package loadbalancer

import (
	"fmt"
	"net/netip"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Options say which cluster's Services get addresses, and from where.
type Options struct {
	// Kubeconfig is a file.
	Kubeconfig string
	// Pool is an IPv4 prefix. Its first address is given on request only.
	Pool netip.Prefix
}

// Config is the way to the API server.
func (o Options) Config() (*rest.Config, error) {
	if !o.Pool.IsValid() || !o.Pool.Addr().Is4() {
		return nil, fmt.Errorf("the pool %s is no IPv4 prefix", o.Pool)
	}
	config, err := clientcmd.BuildConfigFromFlags("", o.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	return config, nil
}
