// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package upstream

import "net"

type idle struct{}

// watchable does nothing: there is no way to look without reading.
func (c *conn) watchable() {}

// silent trusts every connection.
func (c *conn) silent() (bool, error) { return true, nil }

// glance sees what is in the buffers of TLS only.
type glance struct{}

func (g *glance) prepare(net.Conn) {}

func (g *glance) read([]byte) (int, error) { return 0, errNothingYet }

// ask leaves it to the usual way.
func (c *conn) ask() (answered bool, err error) { return false, nil }
