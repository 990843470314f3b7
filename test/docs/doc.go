// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs runs the commands of the documentation and compares what they print with
// what the pages show. The package script says how pages are written for that.
//
// "go test ./test/docs" runs what any machine can; "make test-docs" the rest, in the test
// cluster. A command that neither runs is an error, unless its page says why and the list
// notRun has it.
package docs
