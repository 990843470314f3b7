// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/kubera-dev/kubera/test/cluster/component"
	"github.com/kubera-dev/kubera/test/cluster/control"
	"github.com/kubera-dev/kubera/test/cluster/host"
	"github.com/kubera-dev/kubera/test/cluster/image"
	"github.com/kubera-dev/kubera/test/cluster/layout"
	"github.com/kubera-dev/kubera/test/cluster/node"
)

// ready finds the cluster, which must be up.
func ready(f *nodeFlags) (layout.State, host.Record, error) {
	state, err := layout.New(f.directory)
	if err != nil {
		return "", host.Record{}, err
	}
	record, up, err := host.Up(state)
	if err == nil && (!up || !record.Ready) {
		err = errors.New("no cluster is up: make cluster-up starts it")
	}
	return state, record, err
}

func runCommand() *cobra.Command {
	var f nodeFlags
	c := &cobra.Command{
		Use:   "run -- COMMAND...",
		Short: "Run a command in the namespaces of the node",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, arguments []string) error {
			state, record, err := ready(&f)
			if err != nil {
				return err
			}
			here, err := os.Getwd()
			if err != nil {
				return err
			}
			nsenter, err := exec.LookPath("nsenter")
			if err != nil {
				return err
			}
			arguments = append([]string{
				nsenter, "--target=" + strconv.Itoa(record.First.PID), "--mount", "--net", "--pid", "--ipc", "--wdns=" + here, "--",
			}, arguments...)
			return unix.Exec(nsenter, arguments, append(os.Environ(), "KUBECONFIG="+state.Kubeconfig()))
		},
	}
	f.state(c.Flags())
	return c
}

func stopCommand() *cobra.Command {
	return switchCommand("stop", "Kill a component, such as kube-apiserver, and leave the others alone",
		func(name string) control.Message { return control.Message{Stop: name} })
}

func startCommand() *cobra.Command {
	return switchCommand("start", "Start a component that was stopped",
		func(name string) control.Message { return control.Message{Start: name} })
}

func switchCommand(use, short string, message func(string) control.Message) *cobra.Command {
	var f nodeFlags
	c := &cobra.Command{
		Use:   use + " COMPONENT",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			state, _, err := ready(&f)
			if err != nil {
				return err
			}
			return node.Command(c.Context(), state, message(names[0]))
		},
	}
	f.state(c.Flags())
	return c
}

func loadCommand() *cobra.Command {
	var f nodeFlags
	var i image.Image
	var dockerfile string
	c := &cobra.Command{
		Use:   "load --program FILE IMAGE...",
		Short: "Make an image of a program, by one or more names, and give it to the node",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			_, record, err := ready(&f)
			if err != nil {
				return err
			}
			i.Names, i.Path = names, "/"+filepath.Base(i.Program)
			i.Entrypoint = []string{i.Path}
			if dockerfile != "" {
				if i, err = image.FromDockerfile(dockerfile, i.Program, names...); err != nil {
					return err
				}
			}
			// The node's /run is its own.
			socket := fmt.Sprintf("/proc/%d/root%s", record.First.PID, component.ContainerdSocket)
			if err := (image.Store{Programs: f.programs.Containerd, Socket: socket}).Import(c.Context(), i); err != nil {
				return err
			}
			say("loaded %q", i.Names)
			return nil
		},
	}
	f.state(c.Flags())
	c.Flags().StringVar(&f.programs.Containerd, "containerd", "", "directory with ctr")
	c.Flags().StringVar(&i.Program, "program", "", "a statically linked binary")
	c.Flags().StringVar(&dockerfile, "dockerfile", "", "a Dockerfile that says how the program is started; else by its name, without arguments")
	c.Flags().StringVar(&i.User, "user", "65532:65532", "UID:GID, without a Dockerfile")
	return c
}

func addressesCommand() *cobra.Command {
	var f nodeFlags
	c := &cobra.Command{
		Use:   "addresses",
		Short: "Print the addresses of the cluster, for a shell",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, record, err := ready(&f)
			if err != nil {
				return err
			}
			block, err := record.Addresses()
			if err != nil {
				return err
			}
			fmt.Printf("NODE=%s\nPOOL=%s\nUSABLE=%s\nUNUSABLE=%s\n", block.Node.Addr(), block.Pool, block.Last(), block.Outside())
			return nil
		},
	}
	f.state(c.Flags())
	return c
}
