// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package page reads the Markdown of the documentation, as far as tests need it: code
// blocks, the comments before them, links and the anchors that links may lead to.
package page
