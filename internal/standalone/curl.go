// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"cmp"
	"net"
	"net/url"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// call is what an example calls.
type call struct {
	listener *config.Listener
	// host is where the listener is bound if it doesn't say so itself.
	host     string
	hostname string // empty for any
	match    config.Match
}

// command is a line for a shell, or false where none can be made up.
func (c call) command(protocol config.RouteProtocol) (string, bool) {
	bound, port, err := net.SplitHostPort(c.listener.BindAddress())
	if err != nil {
		return "", false
	}
	address := reachable(cmp.Or(bound, c.host))
	// A wildcard stands for any name below it.
	c.hostname = strings.Replace(c.hostname, "*", "www", 1)
	var args []string
	switch protocol {
	case config.RouteTCP:
		args = []string{"nc", address, port}
	case config.RouteUDP:
		args = []string{"nc", "-u", address, port}
	case config.RouteTLS:
		args = []string{"openssl", "s_client", "-connect", net.JoinHostPort(address, port)}
		if c.hostname != "" {
			args = append(args, "-servername", c.hostname)
		}
	case config.RouteGRPC:
		args = c.grpcurl(address, port)
	default:
		args = c.curl(address, port)
	}
	return quoteAll(args), args != nil
}

func (c call) curl(address, port string) []string {
	target := url.URL{Scheme: "http", Path: "/"}
	if c.match.Path != nil {
		if c.match.Path.Type == config.Regex {
			return nil
		}
		target.Path = c.match.Path.Value
	}
	args := []string{"curl", "-i"}
	if c.match.Method != "" && c.match.Method != "GET" {
		args = append(args, "-X", c.match.Method)
	}
	switch {
	case c.listener.Protocol == config.HTTPS:
		target.Scheme = "https"
		args = append(args, "-k")
		if c.hostname != "" {
			args = append(args, "--resolve", c.hostname+":"+port+":"+address)
			address = c.hostname
		}
	case c.hostname != "":
		args = append(args, "-H", "Host: "+c.hostname)
	}
	headers, ok := c.headers()
	if !ok {
		return nil
	}
	query := url.Values{}
	for _, q := range c.match.Query {
		if q.Type == config.Regex {
			return nil
		}
		query.Set(q.Name, q.Value)
	}
	target.Host = joinPort(address, port, target.Scheme)
	target.RawQuery = query.Encode()
	return append(append(args, headers...), target.String())
}

// headers are the arguments, which grpcurl has taken over from curl.
func (c call) headers() (args []string, ok bool) {
	for _, h := range c.match.Headers {
		if h.Type == config.Regex {
			return nil, false
		}
		args = append(args, "-H", h.Name+": "+h.Value)
	}
	return args, true
}

// grpcurl asks the server what it has where the match leaves the method open.
func (c call) grpcurl(address, port string) []string {
	args := []string{"grpcurl", "-plaintext"}
	if c.listener.Protocol == config.HTTPS {
		args[1] = "-insecure"
	}
	if c.hostname != "" {
		args = append(args, "-authority", c.hostname)
	}
	headers, ok := c.headers()
	if !ok {
		return nil
	}
	args = append(append(args, headers...), net.JoinHostPort(address, port))
	path := cmp.Or(c.match.Path, &config.PathMatch{})
	switch name := strings.Trim(path.Value, "/"); {
	case path.Type == config.Regex:
		return nil
	case path.Type == config.Exact:
		return append(args, name)
	case name != "":
		return append(args, "list", name)
	}
	return append(args, "list")
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
