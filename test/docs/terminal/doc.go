// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package terminal runs commands as a reader types them: one after the other in one shell,
// which keeps folder and variables, with programs that go on in other windows.
//
// On Linux a terminal can have loopback addresses of its own, so that the fixed ports of
// the documentation are free whatever else the machine does, and several terminals can use
// them at once. Elsewhere, and where the system does not allow it, they are the machine's.
package terminal
