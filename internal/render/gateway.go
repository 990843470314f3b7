// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// gateway gives what the parameters of a Gateway say about requests.
func gateway(g *gatewayapi.Gateway) config.Gateway {
	c := config.Gateway{ID: g.ID()}
	if g.BackendClientCertificate != nil {
		c.BackendClientCertificate = g.BackendClientCertificate.ID()
	}
	p := g.Parameters.Proxy
	if p == nil {
		return c
	}
	c.AccessLog = accessLog(p.AccessLog)
	c.Tracing = tracing(p.Tracing)
	c.ClientAddress = clientAddress(p.ClientAddress)
	c.ErrorResponses = errorFormats[p.ErrorResponses]
	c.HTTP3 = g.HTTP3()
	c.SendProxyProtocol = proxyProtocols[p.SendProxyProtocol]
	c.Limits = limits(p.Limits)
	return c
}

var proxyProtocols = map[v1alpha1.ProxyProtocolVersion]config.ProxyProtocolVersion{
	v1alpha1.ProxyProtocolV1: config.ProxyProtocolV1,
	v1alpha1.ProxyProtocolV2: config.ProxyProtocolV2,
}

var errorFormats = map[v1alpha1.ErrorResponses]config.ErrorFormat{
	v1alpha1.ErrorResponsesHTML:           config.ErrorHTML,
	v1alpha1.ErrorResponsesProblemDetails: config.ErrorProblem,
}

func logLevel(g *gatewayapi.Gateway) string {
	if g.Parameters.Proxy == nil {
		return ""
	}
	return string(g.Parameters.Proxy.LogLevel)
}

func clientAddress(a *v1alpha1.ClientAddress) *config.ClientAddress {
	if a == nil {
		return nil
	}
	c := &config.ClientAddress{Header: a.Header, ProxyProtocol: a.ProxyProtocol != nil && *a.ProxyProtocol}
	for _, cidr := range a.TrustedProxies {
		c.TrustedProxies = append(c.TrustedProxies, string(cidr))
	}
	return c
}

func limits(l *v1alpha1.Limits) *config.Limits {
	if l == nil {
		return nil
	}
	c := &config.Limits{
		MaxRequestBodyBytes:  quantity(l.MaxRequestBodyBytes),
		RequestHeaderTimeout: duration(l.RequestHeaderTimeout),
		IdleTimeout:          duration(l.IdleTimeout),
		TCPIdleTimeout:       duration(l.TCPIdleTimeout),
		UDPIdleTimeout:       duration(l.UDPIdleTimeout),
	}
	c.MaxRequestHeaderBytes = int(min(quantity(l.MaxRequestHeaderBytes), math.MaxInt32))
	if l.MaxConnections != nil {
		c.MaxConnections = int(*l.MaxConnections)
	}
	if l.MaxConcurrentStreams != nil {
		c.MaxConcurrentStreams = int(*l.MaxConcurrentStreams)
	}
	if l.MaxUDPSessions != nil {
		c.MaxUDPSessions = int(*l.MaxUDPSessions)
	}
	return c
}

func quantity(q *resource.Quantity) int64 {
	if q == nil {
		return 0
	}
	return q.Value()
}

// duration reads what the translation found to be valid.
func duration(d *gwv1.Duration) config.Duration {
	if d == nil {
		return 0
	}
	v, err := time.ParseDuration(string(*d))
	if err != nil {
		return 0
	}
	return config.Duration(v)
}
