// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubera-dev/kubera/test/cluster/component"
	"github.com/kubera-dev/kubera/test/cluster/control"
	"github.com/kubera-dev/kubera/test/cluster/credentials"
	"github.com/kubera-dev/kubera/test/cluster/host"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

func upCommand() *cobra.Command {
	var f nodeFlags
	c := &cobra.Command{
		Use:   "up",
		Short: "Start the cluster, and wait until it is ready",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return up(c.Context(), &f) },
	}
	f.add(c.Flags())
	return c
}

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Say what this machine lacks to run a cluster, beside what is built",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return host.CheckMachine() },
	}
}

func up(ctx context.Context, f *nodeFlags) error {
	state, err := layout.New(f.directory)
	if err != nil {
		return err
	}
	if err := errors.Join(host.CheckMachine(), host.CheckPrograms(f.programs)); err != nil {
		return err
	}
	held, err := host.TryLock(state.Lock())
	if errors.Is(err, host.ErrLocked) {
		return already(state)
	}
	if err != nil {
		return err
	}
	// The node has inherited the lock when this returns, if there is a node.
	defer held.Close()
	start := time.Now()
	if err := host.Clear(ctx, state); err != nil {
		return fmt.Errorf("clear up after the last cluster: %w", err)
	}
	block, reserved, err := host.FreeBlock()
	if err != nil {
		return err
	}
	defer reserved.Close()
	f.block = block
	n, err := prepare(f)
	if err != nil {
		return err
	}
	if err := launch(ctx, f, n, held); err != nil {
		return errors.Join(err, host.Clear(context.WithoutCancel(ctx), state, state.Logs()))
	}
	say("the cluster is up after %.0f s: export KUBECONFIG=%s", time.Since(start).Seconds(), state.Kubeconfig())
	return nil
}

// already says what is there instead.
func already(state layout.State) error {
	record, up, err := host.Up(state)
	switch {
	case err != nil:
		return err
	case up && record.Ready:
		say("the cluster is up already: export KUBECONFIG=%s", state.Kubeconfig())
		return nil
	default:
		return errors.New("the cluster is being started or ended by another command: wait for that")
	}
}

// prepare writes all files that the node needs.
func prepare(f *nodeFlags) (component.Node, error) {
	n, err := f.node()
	if err != nil {
		return n, err
	}
	if err := n.State.Make(); err != nil {
		return n, err
	}
	if err := host.MakeControlGroup(n.State.Name()); err != nil {
		return n, err
	}
	if err := credentials.Write(n.State.Credentials(), n.Addresses, time.Now()); err != nil {
		return n, err
	}
	admin, err := os.ReadFile(n.State.Credentials().Kubeconfig("admin"))
	if err != nil {
		return n, err
	}
	if err := os.WriteFile(n.State.Kubeconfig(), admin, 0o600); err != nil {
		return n, err
	}
	return n, n.WriteFiles()
}

// launch starts the node and follows it until it is ready. If it fails, no process
// of the node is left.
func launch(ctx context.Context, f *nodeFlags, n component.Node, held *os.File) (err error) {
	arguments := append([]string{"init"}, f.arguments(n.State)...)
	process, conn, err := host.Start(n.State, held, arguments...)
	if err != nil {
		return err
	}
	defer func() {
		conn.Close()
		if err != nil {
			err = errors.Join(err, process.Process.Kill(), ignoreExit(process.Wait()))
		}
	}()
	first, err := host.NewProcess(process.Process.Pid)
	if err != nil {
		return err
	}
	record := host.Record{First: first, Block: f.block}
	if err := record.Write(n.State); err != nil {
		return err
	}
	if err := host.Connect(ctx, n.State.Name(), process.Process.Pid, n.Addresses); err != nil {
		return err
	}
	if err := conn.Send(control.Message{Connected: true}); err != nil {
		return err
	}
	// Closed, the connection has nothing more to say.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := follow(n.State, conn); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	record.Ready = true
	if err := record.Write(n.State); err != nil {
		return err
	}
	return conn.Send(control.Message{Stay: true})
}

// ignoreExit drops the news that a process which was killed did not exit well.
func ignoreExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}

// follow says what the node says until it is ready.
func follow(state layout.State, conn *control.Conn) error {
	for {
		m, err := conn.Receive()
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("the node has ended: see %s", state.Log("node"))
		case err != nil:
			return err
		case m.Problem != "":
			return errors.New(m.Problem)
		case m.Ready:
			return nil
		default:
			say("%s", m.Step)
		}
	}
}

func say(format string, arguments ...any) {
	fmt.Printf("cluster: "+format+"\n", arguments...)
}
