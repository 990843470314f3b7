// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import "context"

// CloseStreams lets upgraded connections end by themselves until ctx is done, and
// then ends those that are left; see upstream.Streams.Close. To be called once,
// when the process stops.
func (e *Engine) CloseStreams(ctx context.Context) error { return e.streams.Close(ctx) }
