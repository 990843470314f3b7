// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package proxy

const raceEnabled = false
