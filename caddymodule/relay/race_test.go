// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package relay

// underRace is set when the race detector takes memory and time.
const underRace = true
