// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"
	"strings"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// listenerChecks decide whether a listener is accepted by itself. The first
// problem counts.
var listenerChecks = []func(*listener) *problem{
	// The protocol is one that proxies listen for.
	(*listener).checkProtocol,
	// The port is not one that proxies need themselves.
	(*listener).checkPort,
	// The hostname is one that requests can have.
	(*listener).checkHostname,
	// Routes are selected in a way that can be understood.
	(*listener).checkNamespaces,
	// TLS is terminated with certificates that are referred to, or passed through.
	(*listener).checkTLS,
}

func (l *listener) checkProtocol() *problem {
	if _, ok := servedKinds[l.spec.Protocol]; ok {
		return nil
	}
	l.shut = true
	return problemf(gwv1.ListenerReasonUnsupportedProtocol, "protocol %s is not supported: use HTTP, HTTPS, TLS, TCP or UDP", l.spec.Protocol)
}

func (l *listener) checkPort() *problem {
	switch l.spec.Port {
	case config.ControlPort, config.StatusPort:
		l.shut = true
		return problemf(gwv1.ListenerReasonPortUnavailable, "port %d is used by the proxies themselves", l.spec.Port)
	}
	if l.spec.Port < 1 || l.spec.Port > 65535 {
		l.shut = true
		return problemf(gwv1.ListenerReasonPortUnavailable, "port %d is not from 1 to 65535", l.spec.Port)
	}
	return nil
}

func (l *listener) checkHostname() *problem {
	if l.hostname() != "" && (l.spec.Protocol == gwv1.TCPProtocolType || l.spec.Protocol == gwv1.UDPProtocolType) {
		l.shut = true
		return problemf(gwv1.ListenerReasonUnsupportedValue, "hostname must not be set with protocol %s, which knows no names", l.spec.Protocol)
	}
	if name := l.hostname(); name != "" && !validHostname(name) {
		l.shut = true
		return problemf(gwv1.ListenerReasonUnsupportedValue, "%q is neither a hostname nor a wildcard such as *.example.com", name)
	}
	return nil
}

func (l *listener) checkNamespaces() *problem {
	if l.namespaces.err == nil {
		return nil
	}
	return problemf(gwv1.ListenerReasonUnsupportedValue, "allowedRoutes.namespaces: %v", l.namespaces.err)
}

func (l *listener) checkTLS() *problem {
	const reason = gwv1.ListenerReasonUnsupportedValue
	tls := l.spec.TLS
	switch {
	case !l.terminates() && !l.passesThrough():
		if tls != nil {
			return problemf(reason, "tls must not be set with protocol %s", l.spec.Protocol)
		}
		return nil
	case tls == nil:
		return problemf(reason, "tls must be set with protocol %s", l.spec.Protocol)
	case l.passesThrough():
		// "The certificateRefs field is ignored in this mode" (TLSModePassthrough).
		return l.checkTLSOptions()
	case tls.Mode != nil && *tls.Mode != gwv1.TLSModeTerminate:
		return problemf(reason, "tls.mode %s is not supported with protocol %s", *tls.Mode, l.spec.Protocol)
	case len(tls.CertificateRefs) == 0:
		return problemf(reason, "tls.certificateRefs is empty: certificates can't be had in another way")
	}
	return l.checkTLSOptions()
}

func (l *listener) checkTLSOptions() *problem {
	options := l.spec.TLS.Options
	if len(options) == 0 {
		return nil
	}
	names := make([]string, 0, len(options))
	for name := range options {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return problemf(gwv1.ListenerReasonUnsupportedValue, "tls.options: %s: not supported", strings.Join(names, ", "))
}
