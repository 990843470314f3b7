// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package duties holds what the documentation of the Gateway API's types demands
// against the tests that show it.
//
// The test reads the doc comments of sigs.k8s.io/gateway-api/apis/v1, in the version
// that go.mod names, and takes the sentences out of them that have a "must" or a
// "should", in capitals or not: many demands are written in small letters. Each of
// them has an entry below testdata, which says which tests cover it, or whom else it
// is for. The test fails for a sentence without an entry, for an entry whose quote is
// in no sentence any more, and for a test that does not exist. So an upgrade of the
// API shows what it demands anew.
//
// # Entries
//
// A file below testdata is a list of groups. A group is about a type, a field or a
// constant, or about several that say the same:
//
//   - in: [GatewaySpec.Listeners]
//     duties:
//   - quote: MUST set the "Conflicted" condition
//     tests: [golden/listener/hostname-conflict, test/semantics.TestConformance]
//   - quote: At least one Listener MUST be specified
//     for: users
//     why: the CRD refuses an empty list
//
// A quote is a part of one sentence, and of no other of the same comment. The "why" is
// needed where it does not go without saying. Tests are named in one of these forms:
//
//	golden/CASE            internal/gatewayapi/testdata/CASE.yaml
//	infra/CASE             internal/infra/testdata/CASE.yaml
//	semantics/CASE         a case of test/semantics
//	envtest/TEXT           a spec of test/envtest; TEXT is that of its container and its own
//	docs/FILE.md: TEXT     what is to be documented; TEXT is in the file
//	PACKAGE.TestName       a test; PACKAGE is its directory
//	PACKAGE.TestName/CASE  a case of a table; its name is in the tests of the package
package duties
