// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	ExitOK = 0
	// ExitBadInput: something in the input needs mending, or nothing could be
	// served.
	ExitBadInput = 1
	// ExitUsage: the command line is wrong.
	ExitUsage = 2
)

// Streams are those of the process, or of a test.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// errBadInput ends a command that has told everything already.
var errBadInput = errors.New("bad input")

// usageError is a command line that can't be meant.
type usageError struct{ error }

// Run runs a command line, without the name of the program, until it is done or ctx
// ends, and returns the exit code.
func Run(ctx context.Context, args []string, streams Streams, version string) int {
	root := rootCommand(version)
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	if errors.Is(err, errBadInput) {
		return ExitBadInput
	}
	_, _ = fmt.Fprintf(streams.Err, "kubera: %v\n", err)
	if _, ok := errors.AsType[usageError](err); ok {
		_, _ = fmt.Fprintln(streams.Err, "Run with --help for usage.")
		return ExitUsage
	}
	return ExitBadInput
}

func rootCommand(version string) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubera",
		Short: "A Kubernetes Gateway API gateway, also without Kubernetes",
		Long: `Kubera serves Gateway API resources with Caddy.

"kubera run" is a gateway in one process: it serves a folder of YAML files and
applies what changes in them. "kubera translate" shows what such files come to.`,
		Example: `  kubera run -f examples/quickstart --port-offset 8000
  kubera translate -f gateway.yaml
  kubectl get gateways,httproutes,services,endpointslices -A -o yaml | kubera translate -f -`,
		SilenceUsage:  true,
		SilenceErrors: true,
		// An unknown command is an argument to this one.
		Args:              usageArgs(cobra.NoArgs),
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(runCommand(), translateCommand(), echoCommand(), versionCommand(version))
	return root
}

// usageArgs makes the error about positional arguments one of usage.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
