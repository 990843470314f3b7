// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"cmp"
	"net"
	"strconv"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Example is a request that a route answers, or a connection that it takes.
type Example struct {
	// Listener and Route are IDs of the configuration.
	Listener, Route string
	// Command is a line for a shell.
	Command string
}

// Examples gives a request for each listener, route, hostname and match, in the
// order of the configuration, and a way to connect for routes of connections and
// datagrams. Matches by regular expressions have none. host is the address that
// listeners are bound to which name none.
func Examples(cfg *config.Config, host string) []Example {
	listeners := map[string]*config.Listener{}
	for i := range cfg.Listeners {
		listeners[cfg.Listeners[i].ID] = &cfg.Listeners[i]
	}
	var examples []Example
	for _, route := range cfg.Routes {
		for _, attachment := range route.Attachments {
			listener := listeners[attachment.Listener]
			if listener == nil {
				continue
			}
			hostnames := attachment.Hostnames
			if len(hostnames) == 0 {
				hostnames = []string{listener.Hostname}
			}
			for _, hostname := range hostnames {
				for _, match := range matches(route) {
					call := call{listener: listener, host: host, hostname: hostname, match: match}
					if command, ok := call.command(route.Protocol); ok {
						examples = append(examples, Example{Listener: listener.ID, Route: route.ID, Command: command})
					}
				}
			}
		}
	}
	return examples
}

func matches(route config.Route) []config.Match {
	var list []config.Match
	for _, rule := range route.Rules {
		if len(rule.Matches) == 0 {
			list = append(list, config.Match{})
		}
		list = append(list, rule.Matches...)
	}
	return list
}

// URL of a listener, as a client on this machine reaches it. The scheme is that of
// its protocol: "tcp://127.0.0.1:9000".
func URL(l *config.Listener, host string) string {
	bound, port, err := net.SplitHostPort(l.BindAddress())
	if err != nil {
		return l.BindAddress()
	}
	scheme := strings.ToLower(string(l.Protocol))
	return scheme + "://" + joinPort(reachable(cmp.Or(bound, host)), port, scheme)
}

// reachable is the address to call for one that is bound.
func reachable(bound string) string {
	if ip := net.ParseIP(bound); bound == "" || ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return bound
}

// joinPort leaves out the port that the scheme implies.
func joinPort(host, port, scheme string) string {
	n, err := strconv.Atoi(port)
	if err == nil && (scheme == "http" && n == 80 || scheme == "https" && n == 443) {
		if strings.Contains(host, ":") {
			return "[" + host + "]"
		}
		return host
	}
	return net.JoinHostPort(host, port)
}
