// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pki issues the certificates of the control channel, by which the
// controller configures proxies over mutual TLS, and rotates all of them, the
// authority included, without a moment in which one side does not trust the other.
//
// An Authority is a value: it is parsed from the data of a Secret and serialised
// to it, and Advance says what it becomes. Nothing here reads a clock or a
// cluster; keys and serial numbers come from crypto/rand.
//
// An authority is replaced in three steps, each of which waits until the one
// before has reached every proxy:
//
//  1. Introduced: the new certificate is in the bundle that proxies and
//     controller trust, but signs nothing.
//  2. Promoted: the new one signs, every certificate is issued anew, and the old
//     one is still trusted.
//  3. Settled: the old one leaves the bundle.
package pki
