// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func replacePrefix(to string) *config.PathModifier { return &config.PathModifier{ReplacePrefix: &to} }

func replaceFull(to string) *config.PathModifier { return &config.PathModifier{ReplaceFull: &to} }

// The first rows are the table at HTTPPathModifier.replacePrefixMatch of the
// Gateway API.
func TestReplacePrefix(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ target, prefix, to, want string }{
		{"/foo/bar", "/foo", "/xyz", "/xyz/bar"},
		{"/foo/bar", "/foo", "/xyz/", "/xyz/bar"},
		{"/foo/bar", "/foo/", "/xyz", "/xyz/bar"},
		{"/foo/bar", "/foo/", "/xyz/", "/xyz/bar"},
		{"/foo", "/foo", "/xyz", "/xyz"},
		{"/foo/", "/foo", "/xyz", "/xyz/"},
		{"/foo/bar", "/foo", "", "/bar"},
		{"/foo/", "/foo", "", "/"},
		{"/foo", "/foo", "", "/"},
		{"/foo/", "/foo", "/", "/"},
		{"/foo", "/foo", "/", "/"},

		{"/foo/bar", "/foo", "/", "/bar"},
		{"/", "/", "/xyz", "/xyz/"},
		{"/bar", "/", "/xyz", "/xyz/bar"},
		{"/bar", "/", "/", "/bar"},
		{"/foo/bar", "/foo", "xyz", "/xyz/bar"},
		{"/foo/bar", "/foo", "/a/b//", "/a/b/bar"},
		{"/foo//bar", "/foo", "", "/bar"},
		{"/foo//bar", "/foo", "/xyz", "/xyz//bar"},
		{"/foo//evil.example/", "/foo", "/", "/evil.example/"},
		{"/foo/%2Fevil.example/", "/foo", "/", "/evil.example/"},

		{"/foo/a%2Fb", "/foo", "/xyz", "/xyz/a%2Fb"},
		{"/foo/%61%20b", "/foo", "/xyz", "/xyz/%61%20b"},
		{"/f%6Fo/a%2fb", "/foo", "/xyz", "/xyz/a%2fb"},
		{"/foo%2Fbar", "/foo", "/xyz", "/xyz%2Fbar"},
		{"/foo/bar?a=%2F&b=/foo", "/foo", "/xyz", "/xyz/bar?a=%2F&b=/foo"},
		{"/foo/bar", "/foo", "/x%2Fy z?", "/x%2Fy%20z%3F/bar"},
		{"/caf%C3%A9/x", "/café", "/tea", "/tea/x"},

		// An earlier filter may have changed the path; what is not there can't be replaced.
		{"/other", "/foo", "/xyz", "/other"},
		{"/foobar", "/foo", "/xyz", "/foobar"},
	} {
		ctx := requestTo("http://example.com" + test.target)
		ctx.Prefix = test.prefix
		mustCompile(t, config.Filter{Rewrite: &config.Rewrite{Path: replacePrefix(test.to)}}).Request(ctx)
		if got := ctx.Request.URL.RequestURI(); got != test.want {
			t.Errorf("rewrite of %s, prefix %s, to %q: got %s, want %s", test.target, test.prefix, test.to, got, test.want)
		}
		if decoded, err := url.PathUnescape(ctx.Request.URL.EscapedPath()); err != nil || decoded != ctx.Request.URL.Path {
			t.Errorf("rewrite of %s: Path %q and RawPath %q disagree", test.target, ctx.Request.URL.Path, ctx.Request.URL.RawPath)
		}

		ctx = requestTo("http://example.com" + test.target)
		ctx.Prefix = test.prefix
		answer := mustCompile(t, config.Filter{Redirect: &config.Redirect{Path: replacePrefix(test.to)}}).Request(ctx)
		if got, want := answer.Header.Get("Location"), "http://example.com"+test.want; got != want {
			t.Errorf("redirect of %s, prefix %s, to %q: got %s, want %s", test.target, test.prefix, test.to, got, want)
		}
	}
}

func TestReplaceFull(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ target, to, want string }{
		{"/foo/bar?q=1", "/full", "/full?q=1"},
		{"/", "/full/", "/full/"},
		{"/a%2Fb", "/full", "/full"},
		{"/foo", "full", "/full"},
		{"/foo", "", "/"},
		{"/foo", "//evil.example", "/evil.example"},
		{"/foo", "/a%20b", "/a%20b"},
		{"/foo", "/a b?c#d", "/a%20b%3Fc%23d"},
		{"/foo", "/100%", "/100%25"},
	} {
		ctx := requestTo("http://example.com" + test.target)
		mustCompile(t, config.Filter{Rewrite: &config.Rewrite{Path: replaceFull(test.to)}}).Request(ctx)
		if got := ctx.Request.URL.RequestURI(); got != test.want {
			t.Errorf("rewrite of %s to %q: got %s, want %s", test.target, test.to, got, test.want)
		}
	}
}

func TestRewriteLeavesWhatItDoesNotName(t *testing.T) {
	t.Parallel()
	ctx := requestTo("http://example.com/a%2Fb%20c?q=%2F")
	mustCompile(t, config.Filter{Rewrite: &config.Rewrite{Hostname: "one.example"}}).Request(ctx)
	if ctx.Request.Host != "one.example" {
		t.Errorf("Host is %q", ctx.Request.Host)
	}
	if got := ctx.Request.URL.RequestURI(); got != "/a%2Fb%20c?q=%2F" {
		t.Errorf("target is %s", got)
	}
	if ctx.Host != "example.com" {
		t.Errorf("the host as received became %q", ctx.Host)
	}
	mustCompile(t, config.Filter{Rewrite: &config.Rewrite{Path: replaceFull("/x")}}).Request(ctx)
	if ctx.Request.Host != "one.example" {
		t.Errorf("a path rewrite made Host %q", ctx.Request.Host)
	}
}

func FuzzReplacePrefix(f *testing.F) {
	f.Add("/foo/bar", "/foo", "/xyz")
	f.Add("/%66oo/%2F/../x", "/foo", "")
	f.Add("*", "/", "/")
	f.Add("/%E2%82", "/\xe2", "/%")
	f.Fuzz(func(t *testing.T, target, prefix, to string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(u.Path, "/") {
			return
		}
		ctx := &Context{Request: &http.Request{URL: u, Host: "a.example"}, Prefix: prefix, Scheme: "http", Host: "a.example", ListenerPort: 80}
		location := mustCompile(t, config.Filter{Redirect: &config.Redirect{Path: replacePrefix(to)}}).Request(ctx).Header.Get("Location")
		parsed, err := url.Parse(location)
		if err != nil || parsed.Host != "a.example" || parsed.User != nil || parsed.Scheme != "http" {
			t.Errorf("Location %q leads elsewhere: %v %v", location, parsed, err)
		}
		mustCompile(t, config.Filter{Rewrite: &config.Rewrite{Path: replacePrefix(to)}}).Request(ctx)
		decoded, err := url.PathUnescape(u.EscapedPath())
		if err != nil || decoded != u.Path {
			t.Errorf("Path %q and RawPath %q disagree", u.Path, u.RawPath)
		}
		if u.RawPath != "" && u.EscapedPath() != u.RawPath && to != "" {
			t.Errorf("RawPath %q is not a valid encoding of %q", u.RawPath, u.Path)
		}
		if !strings.HasPrefix(u.Path, "/") {
			t.Errorf("path became %q", u.Path)
		}
	})
}
