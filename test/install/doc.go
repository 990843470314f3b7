// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package install checks every way in which Kubera gets into a cluster and out of it: from
// nothing to a request that is answered, and back to nothing. "make test-install" runs it
// in the test cluster, where Kubera must not be yet.
package install
