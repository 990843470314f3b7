// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import "github.com/kubera-dev/kubera/caddymodule/metrics"

// transmission sends datagrams of a batch one way, and counts them.
type transmission struct {
	socket *socket // whose drops they are
	conn   *conn
	to     *peer // nil: whom conn is connected to

	// What was sent.
	datagrams, bytes int
}

// send sends datagrams *first to last, and moves first to the first one left. Those that
// can't be sent are dropped and counted. An error says that the other end of the
// connection refuses: first is then not sent.
func (t *transmission) send(b *batch, first *int, last int) error {
	for *first < last {
		if b.truncated(*first) {
			t.socket.drop(metrics.TooBig, 1)
			*first++
			continue
		}
		end := *first + 1
		for end < last && !b.truncated(end) {
			end++
		}
		n, err := t.conn.send(b, *first, end, t.to)
		t.datagrams += n
		for range n {
			t.bytes += b.size(*first)
			*first++
		}
		switch {
		case err == nil:
		case unreachable(err):
			return err
		default:
			t.socket.drop(reason(err), 1)
			*first++
		}
	}
	return nil
}

// reason is why a datagram was not sent that was not refused.
func reason(err error) metrics.Drop {
	if tooLong(err) {
		return metrics.TooBig
	}
	return metrics.SendError
}
