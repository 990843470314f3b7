// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// connection is a connection, or a datagram, and what is to come of it.
type connection struct {
	// gateway and port in the form "infra/web:9000", with "/udp" behind it for datagrams.
	to string
	// sni is that of the TLS handshake, "-" for one without a name. Default: no TLS.
	sni string
	// want is the backend that is reached, or what becomes of the connection: reset,
	// closed (without an alert of TLS), or dropped.
	want string
	// certificate is the name in what the client is presented. Default: any.
	certificate string
}

const (
	reset   = "reset"
	closed  = "closed"
	dropped = "dropped"
)

func (c connection) String() string { return strings.TrimSpace(c.to + " " + c.sni) }

// connect checks the connection.
func (d *dataPlane) connect(t *testing.T, c connection) {
	t.Helper()
	got, err := d.reach(t, c)
	if got != c.want {
		t.Errorf("%s: %s (%v), want %s", c, got, err, c.want)
	}
}

// reach tells what becomes of a connection, and why.
func (d *dataPlane) reach(t *testing.T, c connection) (string, error) {
	t.Helper()
	id, udp := strings.CutSuffix(c.to, "/udp")
	if d.addresses[c.to] == "" {
		return "no such listener", nil
	}
	if udp {
		return d.send(t, c)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", d.addresses[id])
	if err != nil {
		return fate(err), err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	if c.sni != "" {
		secure := tls.Client(conn, &tls.Config{ServerName: strings.TrimPrefix(c.sni, "-"), InsecureSkipVerify: true}) //nolint:gosec // Certificates are looked at below.
		if err := secure.HandshakeContext(t.Context()); err != nil {
			return fate(err), err
		}
		if got := certificateName(secure); c.certificate != "" && got != c.certificate {
			t.Errorf("%s: the certificate is that of %s, want %s", c, got, c.certificate)
		}
		conn = secure
	}
	reader := bufio.NewReader(conn)
	name, err := reader.ReadString('\n')
	if err != nil {
		return fate(err), err
	}
	fmt.Fprintln(conn, "there and back")
	if back, err := reader.ReadString('\n'); back != "there and back\n" {
		t.Errorf("%s: %q came back, %v", c, back, err)
	}
	return strings.TrimSpace(name), nil
}

func certificateName(c *tls.Conn) string {
	certificate := c.ConnectionState().PeerCertificates[0]
	if len(certificate.DNSNames) > 0 {
		return certificate.DNSNames[0]
	}
	return "gateway"
}

// fate of a connection that ended with the error.
func fate(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return reset
	case errors.Is(err, io.EOF):
		return closed
	}
	return err.Error()
}

// send sends a datagram from a port of its own.
func (d *dataPlane) send(t *testing.T, c connection) (string, error) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "udp", d.addresses[c.to])
	if err != nil {
		return err.Error(), err
	}
	defer conn.Close()
	fmt.Fprint(conn, "datagram")
	patience := 10 * time.Second
	if c.want == dropped {
		// An answer that came later would be a failure that this lets pass.
		patience = 300 * time.Millisecond
	}
	conn.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, 100)
	n, err := conn.Read(buf)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return dropped, err
	}
	if err != nil {
		return err.Error(), err
	}
	name, datagram, _ := strings.Cut(string(buf[:n]), " ")
	if datagram != "datagram" {
		t.Errorf("%s: the answer is %q", c, buf[:n])
	}
	return name, nil
}
