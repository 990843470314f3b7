// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package images says what Kubera's container images and its bills of materials have
// to be, and finds where they are not. make verify-images builds them and has them
// looked into.
package images
