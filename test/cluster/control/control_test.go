// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package control_test

import (
	"errors"
	"io"
	"testing"

	"github.com/kubera-dev/kubera/test/cluster/control"
)

func pair(t *testing.T) (a, b *control.Conn) {
	t.Helper()
	a, file, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	b = control.NewConn(file)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func TestBothWays(t *testing.T) {
	a, b := pair(t)
	for _, test := range []struct {
		from, to *control.Conn
		message  control.Message
	}{
		{a, b, control.Message{Connected: true}},
		{b, a, control.Message{Step: "started etcd"}},
		{b, a, control.Message{Ready: true}},
		{a, b, control.Message{Stay: true}},
	} {
		if err := test.from.Send(test.message); err != nil {
			t.Fatal(err)
		}
		if got, err := test.to.Receive(); err != nil || got != test.message {
			t.Errorf("got %+v, %v; want %+v", got, err, test.message)
		}
	}
}

// That the other end is gone is what Receive says, and Send doesn't.
func TestOtherEndClosed(t *testing.T) {
	a, b := pair(t)
	b.Close()
	if err := a.Send(control.Message{Step: "x"}); err != nil {
		t.Errorf("Send: %v", err)
	}
	if _, err := a.Receive(); !errors.Is(err, io.EOF) {
		t.Errorf("Receive: %v", err)
	}
}

// Closing ends a Receive that waits.
func TestCloseWhileReceiving(t *testing.T) {
	a, _ := pair(t)
	received := make(chan error)
	go func() {
		_, err := a.Receive()
		received <- err
	}()
	a.Close()
	if err := <-received; err == nil {
		t.Error("no error")
	}
}
