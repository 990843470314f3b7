// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"net"
	"time"
)

const (
	// dialTimeout bounds making one connection, the handshake of TLS included.
	dialTimeout = 3 * time.Second
	// deadAfter is when a connection whose other end does not even acknowledge
	// is given up, with something to send or without.
	deadAfter = 30 * time.Second
)

// dialer makes connections that notice when a pod is gone without a word, as
// happens with its node.
var dialer = &net.Dialer{
	Timeout: dialTimeout,
	KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: deadAfter / 2, Interval: deadAfter / 6, Count: 3,
	},
	Control: boundUnacknowledged,
}
