// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

// The paths of the control channel, the same on the mutual-TLS listener and
// under Caddy's admin API.
const (
	// PathConfig takes a Config by PUT and a Delta by PATCH, and gives the
	// running Config, without private keys, by GET.
	PathConfig = "/gateway/config"
	// PathEndpoints takes an EndpointsUpdate by PATCH.
	PathEndpoints = "/gateway/endpoints"
	// PathStatus gives a Status by GET.
	PathStatus = "/gateway/status"
)

// The answers to a push are: 200 with a Status, the push being applied and served;
// 409 with a Status, the push building on something that the proxy does not hold
// (send the whole Config); 422 with a Refusal, the push being wrong and nothing
// having changed; 400, 413 or 415 with a Refusal for what can't be read.

// Status is what a proxy runs.
type Status struct {
	// Version of the running Config, empty before the first.
	Version string `json:"version"`
	// EndpointsVersion is EndpointsVersion(running Config).
	EndpointsVersion string `json:"endpoints_version,omitempty"`
	// Draining is true once the proxy was asked to stop.
	Draining bool `json:"draining,omitempty"`
	// Revision of this package that the proxy was built with. Those of the first
	// name none: see Speaks.
	Revision int `json:"revision,omitempty"`
	// Program is the version of the proxy, for people.
	Program string `json:"program,omitempty"`
}

// Refusal says why a push was not taken.
type Refusal struct {
	// Object is the ID of what is wrong, where that is known, such as
	// "HTTPRoute/default/web".
	Object string `json:"object,omitempty"`
	// Field within Object, such as "rules[0].matches[1].path".
	Field string `json:"field,omitempty"`
	// Message is for people. It holds no private keys.
	Message string `json:"message"`
}

// Error makes a Refusal an error.
func (r *Refusal) Error() string {
	switch {
	case r.Object == "":
		return r.Message
	case r.Field == "":
		return r.Object + ": " + r.Message
	}
	return r.Object + ": " + r.Field + ": " + r.Message
}

// EndpointsUpdate replaces the endpoints of some backends and changes nothing
// else. It is refused as a whole (409) if one of them is unknown or Base is not
// the running Version.
type EndpointsUpdate struct {
	Base     string             `json:"base"`
	Backends []BackendEndpoints `json:"backends"`
}

// BackendEndpoints are all the endpoints of one backend.
type BackendEndpoints struct {
	ID        string     `json:"id"`
	Endpoints []Endpoint `json:"endpoints"`
}

// Delta turns the Config whose Version is Base into the one with Version.
type Delta struct {
	Base    string `json:"base"`
	Version string `json:"version"`

	// LogLevel is the new level, nil if it stays.
	LogLevel *string `json:"log_level,omitempty"`

	Gateways     *Changes[Gateway]     `json:"gateways,omitempty"`
	Listeners    *Changes[Listener]    `json:"listeners,omitempty"`
	Routes       *Changes[Route]       `json:"routes,omitempty"`
	Backends     *Changes[Backend]     `json:"backends,omitempty"`
	Certificates *Changes[Certificate] `json:"certificates,omitempty"`
	CABundles    *Changes[CABundle]    `json:"ca_bundles,omitempty"`
}

// Changes of one kind of objects. No ID is in both lists.
type Changes[T any] struct {
	// Set are the objects that are new or differ, whole.
	Set []T `json:"set,omitempty"`
	// Remove are the IDs of the objects that are gone.
	Remove []string `json:"remove,omitempty"`
}
