// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

// Route is one route object with its rules, and the listeners it is attached to.
//
// # Requests
//
// Among all rules whose matches fit a request, the router takes the first by:
// the most specific of the routes' own hostnames (exact, then the longest
// wildcard, then none); path Exact, then Service, then Regex by PathMatch.Precedence,
// then the longest Prefix; a method match; most header matches; most query matches;
// the older route; the lesser ID; the first rule in the route. This is the precedence
// of HTTPRouteRule.matches, GRPCRouteRule.matches and HTTPRoute.spec.hostnames in the
// Gateway API.
//
// # Connections and datagrams
//
// Routes with the protocol tls, tcp or udp have one rule, of which only Backends
// may be set. A connection goes to the first route by: the most specific of the
// routes' own hostnames that cover its SNI (tls only); the older route; the lesser
// ID. It stays with the endpoint that was chosen for it, whatever becomes of the
// route. A connection to a share that could not be resolved, or to a backend without
// endpoints, is reset, one that no route takes is closed without a TLS alert, and
// datagrams are dropped.
type Route struct {
	// ID is the kind, namespace and name, "HTTPRoute/default/web".
	ID string `json:"id"`
	// Protocol is what the route carries. Default: http.
	Protocol RouteProtocol `json:"protocol,omitempty"`
	// Created is the creation time in seconds since 1970.
	Created int64 `json:"created,omitempty"`
	// Attachments name the listeners that serve this route.
	Attachments []Attachment `json:"attachments"`
	Rules       []Rule       `json:"rules"`
}

// RouteProtocol is what a route carries.
type RouteProtocol string

// The protocols of routes, and of the listeners they can be attached to.
const (
	// RouteHTTP is for requests: HTTP, HTTPS.
	RouteHTTP RouteProtocol = "http"
	// RouteGRPC is for requests, too, which go to backends by HTTP/2 even where those
	// don't say so: HTTP, HTTPS.
	RouteGRPC RouteProtocol = "grpc"
	// RouteTLS is for connections by SNI: TLS.
	RouteTLS RouteProtocol = "tls"
	// RouteTCP is for connections: TCP.
	RouteTCP RouteProtocol = "tcp"
	// RouteUDP is for datagrams: UDP.
	RouteUDP RouteProtocol = "udp"
)

// Streams is true for routes of connections and datagrams, and false for those of
// requests.
func (p RouteProtocol) Streams() bool {
	return p == RouteTLS || p == RouteTCP || p == RouteUDP
}

// Attachment binds a route to a listener.
type Attachment struct {
	// Listener is the ID of a listener.
	Listener string `json:"listener"`
	// Hostnames are the route's own hostnames, those that intersect with the
	// listener's. A request, or an SNI, must match the listener's hostname and one of
	// these. Empty: whatever the listener admits. Always empty for tcp and udp.
	Hostnames []string `json:"hostnames,omitempty"`
}

// Rule says which requests it takes and what becomes of them.
type Rule struct {
	// Name is the name of the rule in its route, or empty.
	Name string `json:"name,omitempty"`
	// Matches are alternatives. Empty: every request.
	Matches []Match `json:"matches,omitempty"`

	// ErrorStatus, if not 0, answers every request of the rule with this status
	// in the Gateway's error format, before any filter: a rule that can't be
	// honoured fails closed.
	ErrorStatus int `json:"error_status,omitempty"`

	// Filters run in this order.
	Filters []Filter `json:"filters,omitempty"`
	// Backends share the requests by weight, or the connections, or the sessions of
	// UDP. With none, or only of weight 0, and no filter that answers, requests are
	// answered with 500.
	Backends []WeightedBackend `json:"backends,omitempty"`
	Timeouts *Timeouts         `json:"timeouts,omitempty"`
	// Retry, or nil for no more than failing over to another endpoint where no
	// connection could be made.
	Retry *Retry `json:"retry,omitempty"`
}

// Match is met if all that is set in it is met.
type Match struct {
	// Path, or nil for every path.
	Path    *PathMatch   `json:"path,omitempty"`
	Headers []ValueMatch `json:"headers,omitempty"`
	Query   []ValueMatch `json:"query,omitempty"`
	// Method is compared as it is; empty for every method.
	Method string `json:"method,omitempty"`
}

// MatchType is how a value is compared.
type MatchType string

// The match types. Regular expressions are RE2 and must match the whole value.
const (
	Exact MatchType = "exact"
	// Prefix compares path elements: "/abc" and "/abc/" match "/abc" and
	// "/abc/def", not "/abcd". For paths only.
	Prefix MatchType = "prefix"
	// Service matches the paths of the methods of a gRPC service: "/a.B" matches
	// "/a.B/Get". It goes behind Exact and before Regex. For paths only.
	Service MatchType = "service"
	Regex   MatchType = "regex"
)

// PathMatch compares the path of a request, percent-decoded, case-sensitively.
type PathMatch struct {
	Type  MatchType `json:"type"`
	Value string    `json:"value"`
	// Precedence decides among regular expressions: the higher goes first. 0 for
	// other types.
	Precedence int `json:"precedence,omitempty"`
}

// ValueMatch compares a header (by name without case; several values joined
// with a comma) or a query parameter (by exact name; its first value).
type ValueMatch struct {
	// Type is exact or regex. Default: exact.
	Type  MatchType `json:"type,omitempty"`
	Name  string    `json:"name"`
	Value string    `json:"value"`
}

// Timeouts of a rule. A nil Duration means none.
type Timeouts struct {
	// Request bounds the time from the request's header to the end of the
	// response; past it the client gets 504, or, once the response has begun, a
	// cut response. 0 means none.
	Request Duration `json:"request,omitempty"`
	// BackendRequest bounds one try at an endpoint, from sending the request to
	// the end of its response. 0 means none.
	BackendRequest Duration `json:"backend_request,omitempty"`
}

// Retry says when a request is sent again, to the backend that was chosen for it
// (HTTPRouteRetry, GEP-1731). A connection that can't be made, or that breaks
// before anything of a response has come, is reason enough; so is a response whose
// status is one of Codes, or a try that Timeouts.BackendRequest has ended. A request
// that may have been processed, as any that was answered, is sent again only if its
// method is idempotent (RFC 9110, section 9.2.2), and no request unless its body is
// still at hand. Endpoints that were not tried come first. The last response is passed
// on. Where Timeouts.Request passes between two tries, the client gets 504.
type Retry struct {
	// Attempts bounds how often a request is sent again. 0: never, not even to
	// another endpoint. What was not sent at all, because an idle connection turned
	// out to be closed, is sent on another one in any case.
	Attempts int `json:"attempts"`
	// Codes are statuses from 400 to 599.
	Codes []int `json:"codes,omitempty"`
	// Backoff is the least time to wait before a request is sent again. It doubles
	// each time, up to a second or itself, and a random part of up to a quarter is
	// added. Default: 25ms, but none before an endpoint that was not tried yet if no
	// connection could be made to the last one.
	Backoff Duration `json:"backoff,omitempty"`
}

// WeightedBackend is a share of a rule's requests.
type WeightedBackend struct {
	// Backend is the ID of a backend. Empty: the reference could not be
	// resolved, and this share of the requests is answered with 500, see Route for
	// connections and datagrams.
	Backend string `json:"backend,omitempty"`
	// Weight is the share, out of the sum of all weights of the rule. 0: none.
	Weight int32 `json:"weight"`
	// Filters run after the rule's, when this backend was chosen.
	Filters []Filter `json:"filters,omitempty"`
}
