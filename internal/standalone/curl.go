// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"cmp"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Example is a request that a route answers.
type Example struct {
	// Listener and Route are IDs of the configuration.
	Listener, Route string
	// Command is a line for a shell.
	Command string
}

// Examples gives a request for each listener, route, hostname and match, in the
// order of the configuration. Matches by regular expressions have none. host is the
// address that listeners are bound to which name none.
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
					if command, ok := curl(listener, host, hostname, match); ok {
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

// curl gives false where no request can be made up.
func curl(l *config.Listener, host, hostname string, m config.Match) (string, bool) {
	bound, port, err := net.SplitHostPort(l.BindAddress())
	if err != nil {
		return "", false
	}
	target := url.URL{Scheme: "http", Path: "/"}
	if m.Path != nil {
		if m.Path.Type == config.Regex {
			return "", false
		}
		target.Path = m.Path.Value
	}
	query := url.Values{}
	args := []string{"curl", "-i"}
	if m.Method != "" && m.Method != "GET" {
		args = append(args, "-X", m.Method)
	}
	address := reachable(cmp.Or(bound, host))
	// A wildcard stands for any name below it.
	hostname = strings.Replace(hostname, "*", "www", 1)
	switch {
	case l.Protocol == config.HTTPS:
		target.Scheme = "https"
		args = append(args, "-k")
		if hostname != "" {
			args = append(args, "--resolve", hostname+":"+port+":"+address)
			address = hostname
		}
	case hostname != "":
		args = append(args, "-H", "Host: "+hostname)
	}
	for _, h := range m.Headers {
		if h.Type == config.Regex {
			return "", false
		}
		args = append(args, "-H", h.Name+": "+h.Value)
	}
	for _, q := range m.Query {
		if q.Type == config.Regex {
			return "", false
		}
		query.Set(q.Name, q.Value)
	}
	target.Host = joinPort(address, port, target.Scheme)
	target.RawQuery = query.Encode()
	return quoteAll(append(args, target.String())), true
}

// URL of a listener, as a client on this machine reaches it.
func URL(l *config.Listener, host string) string {
	bound, port, err := net.SplitHostPort(l.BindAddress())
	if err != nil {
		return l.BindAddress()
	}
	scheme := "http"
	if l.Protocol == config.HTTPS {
		scheme = "https"
	}
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

// quoteAll joins arguments for a POSIX shell.
func quoteAll(args []string) string {
	quoted := make([]string, 0, len(args))
	for _, arg := range args {
		if arg != "" && strings.Trim(arg, plainCharacters) == "" {
			quoted = append(quoted, arg)
			continue
		}
		quoted = append(quoted, "'"+strings.ReplaceAll(arg, "'", `'\''`)+"'")
	}
	return strings.Join(quoted, " ")
}

const plainCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,:/@%+="
