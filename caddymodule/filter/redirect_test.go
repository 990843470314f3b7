// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestRedirect(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		redirect config.Redirect
		// host, scheme and port by which the request came. Default: example.com, http, 80.
		host, scheme string
		port         int32
		target       string
		want         string
	}{
		"nothing":                        {want: "http://example.com/"},
		"path and query stay":            {target: "/a%2Fb//c?q=%20&r", want: "http://example.com/a%2Fb//c?q=%20&r"},
		"an empty query stays":           {target: "/a?", want: "http://example.com/a?"},
		"hostname":                       {redirect: config.Redirect{Hostname: "other.example"}, want: "http://other.example/"},
		"no port: of the listener":       {port: 8080, want: "http://example.com:8080/"},
		"443 is not left out of http":    {port: 443, want: "http://example.com:443/"},
		"443 of https is left out":       {port: 443, scheme: "https", want: "https://example.com/"},
		"80 of https is not left out":    {port: 80, scheme: "https", want: "https://example.com:80/"},
		"scheme: its well-known port":    {redirect: config.Redirect{Scheme: "https"}, port: 8080, want: "https://example.com/"},
		"the same scheme: also":          {redirect: config.Redirect{Scheme: "http"}, port: 8080, want: "http://example.com/"},
		"https to http":                  {redirect: config.Redirect{Scheme: "http"}, scheme: "https", port: 8443, want: "http://example.com/"},
		"port":                           {redirect: config.Redirect{Port: 8083}, want: "http://example.com:8083/"},
		"port with scheme":               {redirect: config.Redirect{Scheme: "https", Port: 8443}, want: "https://example.com:8443/"},
		"port 443 with https":            {redirect: config.Redirect{Scheme: "https", Port: 443}, port: 8080, want: "https://example.com/"},
		"port 80 with http":              {redirect: config.Redirect{Port: 80}, port: 8080, want: "http://example.com/"},
		"port 80 with https":             {redirect: config.Redirect{Scheme: "https", Port: 80}, want: "https://example.com:80/"},
		"the port of Host does not stay": {host: "example.com:9999", port: 8080, want: "http://example.com:8080/"},
		"IPv6":                           {host: "[2001:db8::1]:80", port: 8080, want: "http://[2001:db8::1]:8080/"},
		"IPv6 without port":              {host: "[::1]", want: "http://[::1]/"},
		"all": {
			redirect: config.Redirect{Scheme: "https", Hostname: "o.example", Port: 1, Path: replaceFull("/full")},
			target:   "/x?q=1", want: "https://o.example:1/full?q=1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := requestTo("http://example.com/")
			if test.target != "" {
				ctx = requestTo("http://example.com" + test.target)
			}
			if test.host != "" {
				ctx.Host = test.host
			}
			if test.scheme != "" {
				ctx.Scheme = test.scheme
			}
			if test.port != 0 {
				ctx.ListenerPort = test.port
			}
			answer := mustCompile(t, config.Filter{Redirect: &test.redirect}).Request(ctx)
			if got := answer.Header.Get("Location"); got != test.want {
				t.Errorf("Location is %s, want %s", got, test.want)
			}
			if answer.Status != 302 || answer.Error || answer.Body != nil {
				t.Errorf("answer is %+v", answer)
			}
		})
	}
}

func TestRedirectStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := mustCompile(t, config.Filter{Redirect: &config.Redirect{Status: status}})
		if got := c.Request(requestTo("http://example.com/")).Status; got != status {
			t.Errorf("status is %d, want %d", got, status)
		}
	}
}

// A host that the client made up must not become anything but a host.
func TestRedirectNeedsASafeHost(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, config.Filter{Redirect: &config.Redirect{Scheme: "https"}})
	for _, host := range []string{"", ":80", "a b", "a/b", "user@evil.example", "a?b", "a#b", "a\\b", "a\r\nb: c", "[::1", "[]", "[a/b]", "a:b:c", "ex%61mple"} {
		ctx := requestTo("http://example.com/")
		ctx.Host = host
		answer := c.Request(ctx)
		if answer.Status != 400 || !answer.Error || answer.Header != nil {
			t.Errorf("Host %q: answer is %+v, want an error 400", host, answer)
		}
	}
	c = mustCompile(t, config.Filter{Redirect: &config.Redirect{Hostname: "known.example"}})
	ctx := requestTo("http://example.com/")
	ctx.Host = "a b"
	if got := c.Request(ctx).Header.Get("Location"); got != "http://known.example/" {
		t.Errorf("with a hostname of its own, Location is %q", got)
	}
}

func TestRedirectOfAsterisk(t *testing.T) {
	t.Parallel()
	ctx := requestTo("http://example.com/")
	ctx.Request.URL = &url.URL{Path: "*"}
	answer := mustCompile(t, config.Filter{Redirect: &config.Redirect{Scheme: "https"}}).Request(ctx)
	if got := answer.Header.Get("Location"); got != "https://example.com" {
		t.Errorf("Location is %q", got)
	}
}

func FuzzRedirect(f *testing.F) {
	f.Add("example.com:80", "/a%2Fb?q=1", "q")
	f.Add("[::1]", "//evil.example/", "a\r\nb")
	f.Add("a@b", "/\\evil.example", "<>\"\x80")
	f.Fuzz(func(t *testing.T, host, target, query string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		u.RawQuery = query
		ctx := requestTo("http://example.com/")
		ctx.Request = httptest.NewRequest("GET", "/", nil)
		ctx.Request.URL, ctx.Host = u, host
		location := mustCompile(t, config.Filter{Redirect: &config.Redirect{Scheme: "https"}}).Request(ctx).Header.Get("Location")
		if location == "" {
			return
		}
		for _, c := range []byte(location) {
			if c <= ' ' || c >= 0x7f {
				t.Fatalf("Location %q has byte %#x", location, c)
			}
		}
		parsed, err := url.Parse(location)
		if err != nil {
			// Go refuses some hosts that are harmless, such as "[:]".
			if !strings.HasPrefix(host, "[") {
				t.Fatalf("Location %q: %v", location, err)
			}
			return
		}
		if parsed.Scheme != "https" || parsed.User != nil || parsed.Host != withoutPort(host) || parsed.Fragment != "" {
			t.Fatalf("Location %q leads elsewhere", location)
		}
	})
}
