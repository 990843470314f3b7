// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

// Filter changes or answers a request. Exactly one field is set.
type Filter struct {
	RequestHeaders  *HeaderModifier `json:"request_headers,omitempty"`
	ResponseHeaders *HeaderModifier `json:"response_headers,omitempty"`
	Redirect        *Redirect       `json:"redirect,omitempty"`
	Rewrite         *Rewrite        `json:"rewrite,omitempty"`
	StaticResponse  *StaticResponse `json:"static_response,omitempty"`
	AccessControl   *AccessControl  `json:"access_control,omitempty"`
	Mirror          *Mirror         `json:"mirror,omitempty"`
	CORS            *CORS           `json:"cors,omitempty"`
}

// HeaderModifier changes header fields: first Set, then Add, then Remove, as the
// Gateway API defines for HTTPHeaderFilter. Names are compared without case.
type HeaderModifier struct {
	Set    []Header `json:"set,omitempty"`
	Add    []Header `json:"add,omitempty"`
	Remove []string `json:"remove,omitempty"`
}

// Header is a header field.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Redirect answers with a redirection (HTTPRequestRedirectFilter).
type Redirect struct {
	// Scheme of the Location: http or https. Default: that of the request.
	Scheme string `json:"scheme,omitempty"`
	// Hostname of the Location. Default: that of the request.
	Hostname string `json:"hostname,omitempty"`
	// Port of the Location. 0: the well-known port of Scheme if that is set,
	// else the port of the listener. 80 for http and 443 for https are left out.
	Port int32 `json:"port,omitempty"`
	// Path of the Location. Default: that of the request.
	Path *PathModifier `json:"path,omitempty"`
	// Status is 301, 302, 303, 307 or 308. Default: 302.
	Status int `json:"status,omitempty"`
}

// Rewrite changes the request that is sent on (HTTPURLRewriteFilter).
type Rewrite struct {
	// Hostname replaces the Host header.
	Hostname string        `json:"hostname,omitempty"`
	Path     *PathModifier `json:"path,omitempty"`
}

// PathModifier replaces a path, or the part of it that a Prefix match matched.
// The query stays. Exactly one field is set.
type PathModifier struct {
	// ReplaceFull is the new path.
	ReplaceFull *string `json:"replace_full,omitempty"`
	// ReplacePrefix takes the place of the matched prefix. Only in rules all of
	// whose matches have a Prefix path (or none, which is Prefix "/").
	ReplacePrefix *string `json:"replace_prefix,omitempty"`
}

// StaticResponse answers by itself.
type StaticResponse struct {
	// Status from 200 to 599.
	Status int `json:"status"`
	// ContentType of the body. Default: none.
	ContentType string `json:"content_type,omitempty"`
	// Body of the answer; base64 in JSON.
	Body []byte `json:"body,omitempty"`
}

// AccessControl answers 403 to clients that are not let in. The client's address
// is that which Gateway.ClientAddress yields.
type AccessControl struct {
	// Deny wins over Allow. Entries are addresses or CIDRs, IPv4 or IPv6.
	Deny []string `json:"deny,omitempty"`
	// Allow lets in only these. Empty: everybody who is not denied.
	Allow []string `json:"allow,omitempty"`
}

// Mirror sends a copy of a request to another backend, whose response is thrown
// away (HTTPRequestMirrorFilter, GEP-3171). The copy is what the filters before
// this one have made of the request. It never delays the request itself: where the
// copy can't keep up it is given up.
type Mirror struct {
	// Backend is the ID of a backend.
	Backend string `json:"backend"`
	// Numerator out of Denominator requests are copied. A Denominator of 0 means
	// all of them.
	Numerator   int32 `json:"numerator,omitempty"`
	Denominator int32 `json:"denominator,omitempty"`
}

// CORS answers preflight requests, and adds to the responses of other cross-origin
// requests what lets browsers hand them to their pages (HTTPCORSFilter, GEP-1767).
type CORS struct {
	// AllowOrigins are read by ParseOriginPattern. Empty: none is allowed.
	AllowOrigins []string `json:"allow_origins,omitempty"`
	// AllowCredentials lets requests come with credentials. Wildcards are then
	// never sent, but what the request asks for, or the response has.
	AllowCredentials bool `json:"allow_credentials,omitempty"`
	// AllowMethods are methods, or "*" for all. GET, HEAD and POST need not be
	// among them: browsers ask for no permission.
	AllowMethods []string `json:"allow_methods,omitempty"`
	// AllowHeaders are names of request header fields, or "*" for all.
	AllowHeaders []string `json:"allow_headers,omitempty"`
	// ExposeHeaders are names of response header fields, or "*" for all.
	ExposeHeaders []string `json:"expose_headers,omitempty"`
	// MaxAge is for how many seconds the answer to a preflight may be kept.
	// Default: 5.
	MaxAge int32 `json:"max_age,omitempty"`
}
