// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import "github.com/kubera-dev/kubera/caddymodule/mirror"

// sendCopies sends the copies of the request that mirrors have asked for, just
// before the request itself. What changes the protocol of the connection is not
// copied: there is nobody to speak the other one.
func (x *exchange) sendCopies() {
	copies, q := x.filtering.Copies, &x.request
	if len(copies) == 0 || q.Upgrade != "" {
		return
	}
	if q.Body != nil {
		x.tee = mirror.NewTee(q.Body, q.ContentLength, q.Trailer)
		q.Body = x.tee
	}
	for i := range copies {
		c := &copies[i]
		to := x.rule.mirrors[c.Backend]
		sent := &mirror.Copy{
			Backend: to.backend.via(x.listener.gateway), Metrics: to.metrics,
			Method: q.Method, Target: x.outgoingTarget(&c.URL), Host: c.Host, Header: c.Header,
			ContentLength: q.ContentLength,
		}
		if x.tee != nil {
			sent.Body = x.tee.Body(x.engine.mirrors)
		}
		x.engine.mirrors.Send(sent)
	}
}
