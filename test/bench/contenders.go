// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net"
	"path/filepath"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// contenders are the proxies with the plainest configuration of each that does
// the job: any host and path to one backend, kept connections on both sides, two
// workers or threads, no access log.
func contenders(o options, dir, backend string) []*contender {
	return []*contender{
		nginx(dir, backend),
		haproxy(dir, backend),
		kubera(o.kubera, dir, backend),
		caddy(o.caddy, dir, backend),
	}
}

func nginx(dir, backend string) *contender {
	c := &contender{name: "nginx", address: freeAddress()}
	path := filepath.Join(dir, "nginx.conf")
	c.files = map[string]string{path: `daemon off; worker_processes 2; pid ` + dir + `/nginx.pid; error_log stderr;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path ` + dir + `/t1; proxy_temp_path ` + dir + `/t2;
  fastcgi_temp_path ` + dir + `/t3; uwsgi_temp_path ` + dir + `/t4; scgi_temp_path ` + dir + `/t5;
  upstream backend { server ` + backend + `; keepalive 64; keepalive_requests 1000000000; }
  server { listen ` + c.address + `; location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; } }
}
`}
	c.command = []string{"nginx", "-c", path, "-p", dir}
	return c
}

func haproxy(dir, backend string) *contender {
	c := &contender{name: "haproxy", address: freeAddress()}
	path := filepath.Join(dir, "haproxy.cfg")
	c.files = map[string]string{path: `global
  nbthread 2
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend f
  bind ` + c.address + `
  default_backend b
backend b
  server s ` + backend + `
`}
	c.command = []string{"haproxy", "-db", "-f", path}
	return c
}

func kubera(program, dir, backend string) *contender {
	c := &contender{name: "kubera-proxy", address: freeAddress()}
	cfg := &config.Config{
		Gateways:  []config.Gateway{{ID: "bench/gw"}},
		Listeners: []config.Listener{{ID: "bench/gw/http", Gateway: "bench/gw", Protocol: config.HTTP, Port: 80, Address: c.address}},
		Backends:  []config.Backend{{ID: "Service/bench/web/80", Endpoints: []config.Endpoint{{Address: backend}}}},
		Routes: []config.Route{{
			ID:          "HTTPRoute/bench/web",
			Attachments: []config.Attachment{{Listener: "bench/gw/http"}},
			Rules:       []config.Rule{{Backends: []config.WeightedBackend{{Backend: "Service/bench/web/80", Weight: 1}}}},
		}},
	}
	path := filepath.Join(dir, "kubera.json")
	c.files = map[string]string{path: document(map[string]any{
		"admin": map[string]any{"disabled": true},
		"apps":  map[string]any{"gateway": map[string]any{"config": cfg}},
	})}
	c.command = []string{program, "run", "--config", path}
	return c
}

func caddy(program, dir, backend string) *contender {
	c := &contender{name: "caddy", address: freeAddress()}
	_, port, _ := net.SplitHostPort(c.address)
	path := filepath.Join(dir, "caddy.json")
	c.files = map[string]string{path: document(map[string]any{
		"admin": map[string]any{"disabled": true},
		"apps": map[string]any{"http": map[string]any{"servers": map[string]any{"bench": map[string]any{
			"listen":          []string{"127.0.0.1:" + port},
			"automatic_https": map[string]any{"disable": true},
			"routes": []any{map[string]any{"handle": []any{map[string]any{
				"handler": "reverse_proxy", "upstreams": []any{map[string]any{"dial": backend}},
			}}}},
		}}}},
	})}
	c.command = []string{program, "run", "--config", path}
	return c
}

func document(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the values above are all that is encoded
	}
	return string(b)
}
