// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

// AccessLog describes the access log of a Gateway, which goes to standard output.
type AccessLog struct {
	// Format is json, common, text or detailed. Default: json.
	Format LogFormat `json:"format,omitempty"`
	// Sampling is the share of lines that are written, by chance. Default: all.
	Sampling *Fraction `json:"sampling,omitempty"`
	// SampleErrors leaves it to Sampling whether an error has a line. Default: each has.
	// Errors are responses with a status of 500 or more, calls of gRPC with a status that
	// says the same, responses that were cut, and connections and sessions for which
	// there was no endpoint.
	SampleErrors bool `json:"sample_errors,omitempty"`
}

// LogFormat is the form of an access log line.
type LogFormat string

// The access log formats.
const (
	LogJSON LogFormat = "json"
	// LogCommon is the Common Log Format.
	LogCommon LogFormat = "common"
	// LogText is the combined log format, which adds the referer and the user agent.
	LogText LogFormat = "text"
	// LogDetailed is the combined log format with the names of what served the request,
	// and how long it took, behind it.
	LogDetailed LogFormat = "detailed"
)

// Fraction is Numerator out of Denominator.
type Fraction struct {
	// Numerator from 0 to Denominator.
	Numerator int32 `json:"numerator"`
	// Denominator of 1 or more.
	Denominator int32 `json:"denominator"`
}

func (l *AccessLog) validate(id string) error {
	if l == nil {
		return nil
	}
	if err := oneOf(id, "access_log.format", l.Format, "", LogJSON, LogCommon, LogText, LogDetailed); err != nil {
		return err
	}
	return l.Sampling.validate(id, "access_log.sampling")
}

func (f *Fraction) validate(id, field string) error {
	if f != nil && (f.Denominator < 1 || f.Numerator < 0 || f.Numerator > f.Denominator) {
		return refuse(id, field, "%d/%d is not from 0 to 1", f.Numerator, f.Denominator)
	}
	return nil
}
