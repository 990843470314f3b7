// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package control is what commands and the node say to each other: the one that starts
// it, until the node is ready, and later ones, which stop and start components. Whoever
// hears nothing more knows that the other has ended: a node that is being started then
// ends, too, unless it was told to stay.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Message is one of either side. One field is set.
type Message struct {
	// Step is what the node does now.
	Step string `json:"step,omitempty"`
	// Problem is why the node ends.
	Problem string `json:"problem,omitempty"`
	// Ready tells that the node takes pods, or that it has done what was asked for.
	Ready bool `json:"ready,omitempty"`

	// Connected tells the node that its link is there.
	Connected bool `json:"connected,omitempty"`
	// Stay tells the node that it is on its own from now on.
	Stay bool `json:"stay,omitempty"`
	// Stop and Start name a component that the node is to stop, or to start again.
	Stop  string `json:"stop,omitempty"`
	Start string `json:"start,omitempty"`
}

// Conn is one end. Any goroutine may send while one receives.
type Conn struct {
	file    io.ReadWriteCloser
	decoder *json.Decoder

	sending sync.Mutex
	encoder *json.Encoder
}

// NewConn makes an end of an open file or connection, which it owns.
func NewConn(file io.ReadWriteCloser) *Conn {
	return &Conn{file: file, encoder: json.NewEncoder(file), decoder: json.NewDecoder(file)}
}

// Pair returns two ends that are connected: one as a Conn, and one as a file for a
// child process to inherit.
func Pair() (*Conn, *os.File, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a pair of sockets: %w", err)
	}
	// Closing a file ends what reads from it if it does not block.
	if err := unix.SetNonblock(pair[0], true); err != nil {
		return nil, nil, err
	}
	return NewConn(os.NewFile(uintptr(pair[0]), "control")), os.NewFile(uintptr(pair[1]), "control of the node"), nil
}

// Send sends a message. That the other has ended is its error to find by Receive.
func (c *Conn) Send(m Message) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	if err := c.encoder.Encode(m); err != nil && !errors.Is(err, unix.EPIPE) {
		return fmt.Errorf("control: %w", err)
	}
	return nil
}

// Receive waits for a message. It fails with io.EOF when the other has ended.
func (c *Conn) Receive() (Message, error) {
	var m Message
	switch err := c.decoder.Decode(&m); {
	case err == nil:
		return m, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, unix.ECONNRESET):
		return Message{}, io.EOF
	default:
		return Message{}, fmt.Errorf("control: %w", err)
	}
}

// Close closes this end.
func (c *Conn) Close() error {
	return c.file.Close()
}
