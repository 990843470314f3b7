// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import "reflect"

// Revision numbers the state of this contract. A proxy says in Status which it
// speaks, and a controller sends it nothing that came later, see Config.At. The
// programs of two releases may then be replaced in any order.
//
// It is raised once between two releases, with the first change of the contract, and
// stays open to others until the release; testdata/revision-N.txt keeps the ones
// before. What may change with it:
//
//   - a field may be added, which is omitted where it is empty, and a value of an
//     enumeration. Both are entered in additions;
//   - what the absence of a field means never changes, so that a proxy takes what a
//     controller of an earlier revision sends in the sense it had there;
//   - nothing is removed, renamed or given another type;
//   - Validate refuses nothing that it took. What it takes and did not before needs
//     a field or a value by which it can be told.
const Revision = 2

// firstRevision is that of proxies that name none.
const firstRevision = 1

// Absence is what becomes of a configuration for a proxy that does not know a field
// or a value in it.
type Absence int

const (
	// Harmless is left out: what is served and to whom stays the same.
	Harmless Absence = iota + 1
	// Closes is left out, and what it is part of fails closed. Of a Filter, Match,
	// WeightedBackend or anything else in a Rule that is the rule, whose requests are
	// answered with 500, connections reset and datagrams dropped; of a Route all its
	// rules. A Listener loses its routes and certificates, and so do all of a Gateway;
	// a Backend its endpoints.
	Closes
	// Answered is in what proxies say, and controllers that don't know it ignore it.
	Answered
)

// addition is a field, or a value of a type of strings, that came after the first
// revision. The fields of a type that is itself new need no entries.
type addition struct {
	revision int
	of       reflect.Type
	// field is its name in JSON; or value, if it is a value that was added.
	field, value string
	absence      Absence
}

// additions is what is new, in the order of revisions.
var additions = []addition{
	{revision: 2, of: reflect.TypeFor[Status](), field: "revision", absence: Answered},
	{revision: 2, of: reflect.TypeFor[Status](), field: "program", absence: Answered},
	{revision: 2, of: reflect.TypeFor[AccessLog](), field: "sampling", absence: Harmless},
	{revision: 2, of: reflect.TypeFor[AccessLog](), field: "sample_errors", absence: Harmless},
	{revision: 2, of: reflect.TypeFor[LogFormat](), value: string(LogCommon), absence: Harmless},
	{revision: 2, of: reflect.TypeFor[LogFormat](), value: string(LogDetailed), absence: Harmless},
	{revision: 2, of: reflect.TypeFor[Gateway](), field: "tracing", absence: Harmless},
}

// Speaks is the Revision of the proxy.
func (s Status) Speaks() int { return max(s.Revision, firstRevision) }
