// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net"
	"net/http"
)

// abort ends a response that is incomplete, by ending the handler. A client of
// HTTP/1.0 knows the end of a body without a length by the end of the connection,
// so it gets a reset: net/http would close in the orderly way, and what was cut
// would look complete.
func abort(w http.ResponseWriter, r *http.Request) {
	if !r.ProtoAtLeast(1, 1) {
		reset(w)
	}
	panic(http.ErrAbortHandler)
}

func reset(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if over, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = over.NetConn() // TLS would say goodbye
	}
	if tcp, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
