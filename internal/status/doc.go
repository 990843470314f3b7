// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package status merges the statuses that a translation gives into those that
// objects have. What other controllers wrote stays as it is and where it is: the
// Gateway API demands it of conditions (by type), of a route's parents and of a
// policy's ancestors (by controllerName).
//
// All functions are pure. They give a new status and leave their arguments alone;
// a result that is Equal to what the object has needs no write.
package status
