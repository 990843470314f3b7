// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package upstream

type idle struct{}

// watchable does nothing: there is no way to look without reading.
func (c *conn) watchable() {}

// alive trusts every connection.
func (c *conn) alive() (bool, error) { return true, nil }

// ask leaves it to the usual way.
func (c *conn) ask() (answered bool, err error) { return false, nil }
