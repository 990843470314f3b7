// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"errors"
	"io"
)

// Decode reads one Config. Unknown fields, and anything behind the document but
// white space, are errors: a proxy must not serve half of what it was told by a
// newer controller. Errors are *Refusal and quote no values; those of r itself
// are wrapped in one. The Config is not validated.
func Decode(r io.Reader) (*Config, error) { return decode[Config](r) }

// DecodeDelta reads one Delta, as Decode does.
func DecodeDelta(r io.Reader) (*Delta, error) { return decode[Delta](r) }

// DecodeEndpointsUpdate reads one EndpointsUpdate, as Decode does.
func DecodeEndpointsUpdate(r io.Reader) (*EndpointsUpdate, error) { return decode[EndpointsUpdate](r) }

func decode[T any](r io.Reader) (*T, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	var v *T
	if err := d.Decode(&v); err != nil {
		return nil, unreadable{&Refusal{Message: "not the JSON that is expected here: " + harmless(err)}, err}
	}
	if v == nil {
		// What a sender writes that forgot what it wanted to send. An empty Config
		// is "{}", and would close all listeners.
		return nil, &Refusal{Message: "not the JSON that is expected here: null"}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &Refusal{Message: "there is more than one JSON document"}
	}
	return v, nil
}

// unreadable is a Refusal that keeps its cause, by which a caller can tell a body
// that was too large from one that was wrong.
type unreadable struct {
	*Refusal
	cause error
}

func (u unreadable) Unwrap() []error { return []error{u.Refusal, u.cause} }

// harmless tells what is wrong without the value that is: it may be a key.
func harmless(err error) string {
	if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrongType.Field == "" {
			return "a value of the wrong type"
		}
		return wrongType.Field + " is of the wrong type, " + wrongType.Type.String() + " is expected"
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return syntax.Error()
	}
	return err.Error()
}
