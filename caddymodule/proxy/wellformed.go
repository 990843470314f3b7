// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// malformed says what is wrong with a request that can't be written as HTTP/1.1
// without meaning something else to a backend, or returns "". net/http takes
// from HTTP/2 any method, and paths and authorities with spaces: a method of
// "GET /admin HTTP/1.1" would make a request line that passes by all rules. The
// authority in the target of an HTTP/1.1 request is not checked either. Control
// characters never get here.
func malformed(r *http.Request) string {
	switch {
	case r.Host == "":
		return "the request names no host"
	case !httpguts.ValidHostHeader(r.Host):
		return "the host is not valid"
	case !httpguts.ValidHeaderFieldName(r.Method):
		return "the method is not a token" // which is what names are
	case strings.IndexByte(r.RequestURI, ' ') >= 0:
		return "the request target has a space"
	case r.RequestURI == "*" && r.Method != http.MethodOptions:
		return "the request target * is for OPTIONS"
	}
	return ""
}
