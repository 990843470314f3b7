// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import gwv1 "sigs.k8s.io/gateway-api/apis/v1"

// AccessLog describes the access log.
type AccessLog struct {
	// enabled turns the access log on. Default: false.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// format of a line: json; common (the Common Log Format); text (the combined log
	// format); or detailed, which is text followed by gateway, listener, route, rule,
	// backend and endpoint in quotes, and the duration in seconds. Default: json.
	// +kubebuilder:validation:Enum=json;common;text;detailed
	// +optional
	Format AccessLogFormat `json:"format,omitempty"`

	// sampling is the share of the requests, connections and sessions that are logged.
	// Default: all of them.
	// +optional
	Sampling *Sampling `json:"sampling,omitempty"`

	// errors says whether those that failed are logged regardless of sampling, which is
	// Always, or like all others, which is Sampled. A failure is a status of 500 or more,
	// or the like of a gRPC call, a response that was cut, or a connection or session
	// for which there was no endpoint. Default: Always.
	// +kubebuilder:validation:Enum=Always;Sampled
	// +optional
	Errors AccessLogErrors `json:"errors,omitempty"`
}

// AccessLogFormat is the form of a line of the access log.
type AccessLogFormat string

// The access log formats.
const (
	AccessLogJSON     AccessLogFormat = "json"
	AccessLogCommon   AccessLogFormat = "common"
	AccessLogText     AccessLogFormat = "text"
	AccessLogDetailed AccessLogFormat = "detailed"
)

// AccessLogErrors says which failures are logged.
type AccessLogErrors string

// Which failures are logged.
const (
	AccessLogErrorsAlways  AccessLogErrors = "Always"
	AccessLogErrorsSampled AccessLogErrors = "Sampled"
)

// Sampling is a share, written as in an HTTPRequestMirrorFilter.
//
// +kubebuilder:validation:XValidation:rule="has(self.percent) != has(self.fraction)",message="exactly one of percent and fraction must be set"
type Sampling struct {
	// percent of all, from 0 to 100.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	Percent *int32 `json:"percent,omitempty"`

	// fraction of all, for less than one percent.
	// +optional
	Fraction *gwv1.Fraction `json:"fraction,omitempty"`
}
