// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fleet brings configurations to the proxy pods of every Gateway and
// knows which pod runs what.
//
// Its user says what is wanted (Update, UpdateEndpoints) and where it belongs
// (SetPods); a goroutine for each pod sees to it that the pod gets there, with the
// smallest message that does: nothing, an EndpointsUpdate, a Delta, or the whole
// Config. Only the latest configuration counts; none is ever queued. A pod that
// can't be reached is tried again with growing pauses, one that refuses keeps what
// it runs, and each is asked now and then what it runs, so that one that restarted
// is noticed.
package fleet
