// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// closeGrace is how long both sides of a stream that is ended have for taking
// leave.
const closeGrace = time.Second

// tunnel carries the bytes of a connection that has changed its protocol.
type tunnel struct {
	client, backend net.Conn
	up, down        direction
	done            chan struct{} // closed when both directions have ended
}

// direction is one way of a tunnel.
type direction struct {
	dst    net.Conn
	src    net.Conn
	early  []byte // read from src already
	frames *frames

	mu      sync.Mutex // held while dst is written to, if frames is set
	closing bool       // a close frame is to be sent at the next boundary
	closed  bool       // a close frame was sent
}

// Client is the client's end of a tunnel.
type Client struct {
	Conn net.Conn
	// Head is the response that says that the protocol is switched.
	Head []byte
	// Early is what the client has sent behind its request.
	Early []byte
}

// Tunnel answers the client and joins it with the endpoint, after a response with
// status 101, and returns when both sides have closed. One side closing its half
// leaves the other half open. The connection of the client is closed in the end;
// the Response must still be closed. The error is that of writing Head.
func (r *Response) Tunnel(client Client, streams *Streams) error {
	defer client.Conn.Close()
	c := r.body.(*conn)
	c.nc.SetDeadline(time.Time{})
	left := !c.unwatch()
	c.unwatch = func() bool { return false } // the connection is not for the pool
	if left {
		return c.req.Context.Err()
	}
	t := &tunnel{client: client.Conn, backend: c.nc, done: make(chan struct{})}
	if c.wire != nil {
		t.backend = tlsStream{Conn: c.wire.tls, wire: c.wire}
	}
	t.up = direction{src: t.client, dst: t.backend, early: client.Early}
	t.down = direction{src: t.backend, dst: t.client, early: c.rd.buffered()}
	if strings.EqualFold(r.Upgrade, "websocket") {
		t.up.frames, t.down.frames = &frames{masked: true}, &frames{}
	}
	t.down.mu.Lock() // no close frame in front of the head
	if !streams.add(t) {
		return errStopping
	}
	defer streams.remove(t)
	defer close(t.done)
	_, err := client.Conn.Write(client.Head)
	t.down.mu.Unlock()
	if err == nil {
		t.run()
	}
	return err
}

// run copies both ways until both have ended, or one has failed.
func (t *tunnel) run() {
	var wg sync.WaitGroup
	wg.Go(func() { t.copy(&t.up) })
	t.copy(&t.down)
	wg.Wait()
}

// copy ends by closing half of the destination, so that the other direction goes
// on, or everything after an error.
func (t *tunnel) copy(d *direction) {
	if err := d.copy(); err == nil && closeWrite(d.dst) == nil {
		return
	}
	t.client.Close()
	t.backend.Close()
}

func (d *direction) copy() error {
	if d.frames != nil {
		return d.copyFrames()
	}
	if len(d.early) > 0 {
		if _, err := d.dst.Write(d.early); err != nil {
			return err
		}
	}
	// Between two TCP connections this is done by the kernel (splice), else not.
	_, err := io.Copy(d.dst, d.src)
	return err
}

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// copyFrames copies a WebSocket, keeping track of where frames end.
func (d *direction) copyFrames() error {
	if err := d.forward(d.early); err != nil {
		return err
	}
	buf := bigBuffers.Get().(*[bigBuffer]byte)
	defer bigBuffers.Put(buf)
	for {
		n, err := d.src.Read(buf[:])
		if werr := d.forward(buf[:n]); werr != nil {
			return werr
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// forward writes p, or what may come before the close frame.
func (d *direction) forward(p []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(p) > 0 && !d.closed {
		n := len(p)
		if d.closing {
			n = d.frames.advance(p)
		} else {
			d.frames.advanceAll(p)
		}
		if _, err := d.dst.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
		if d.closing && d.frames.atBoundary() {
			d.sendClose()
		}
	}
	return nil
}

// sayGoodbye sends a close frame now or at the end of the frame under way.
func (d *direction) sayGoodbye() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closing = true
	if !d.closed && d.frames.atBoundary() {
		d.sendClose()
	}
}

// sendClose is called with mu held. Errors show in the next Read or Write.
func (d *direction) sendClose() {
	d.closed = true
	_, _ = d.dst.Write(closeFrame(d.frames.masked))
}

// end ends the tunnel: a WebSocket with a close frame to both sides.
func (t *tunnel) end() {
	if t.up.frames != nil {
		limit := time.Now().Add(closeGrace)
		// Writes under way that would wait for longer fail, and let go of mu.
		t.client.SetWriteDeadline(limit)
		t.backend.SetWriteDeadline(limit)
		t.down.sayGoodbye()
		t.up.sayGoodbye()
		waitFor(t.done, time.Until(limit))
	}
	t.client.Close()
	t.backend.Close()
	<-t.done
}
