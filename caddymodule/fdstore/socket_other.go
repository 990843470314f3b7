// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package fdstore

import (
	"errors"
	"net"
)

const (
	truncated  = 0
	rightsSize = 0
)

func encodeRights(int) []byte { return nil }

func decodeRights([]byte) ([]int, error) { return nil, nil }

func closeDescriptor(int) {}

func listens(int) bool { return false }

func refuse(*net.TCPListener) error { return errors.ErrUnsupported }
