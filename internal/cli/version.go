// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// modules that decide what the program does.
var modules = []struct{ name, path string }{
	{"gateway-api", "sigs.k8s.io/gateway-api"},
	{"caddy", "github.com/caddyserver/caddy/v2"},
}

func versionCommand(version string) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  kubera version",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			_, err := fmt.Fprintf(out, "%-12s %s\n%-12s %s %s/%s\n", "kubera", version, "go", runtime.Version(), runtime.GOOS, runtime.GOARCH)
			info, ok := debug.ReadBuildInfo()
			if err != nil || !ok {
				return err
			}
			for _, m := range modules {
				for _, dep := range info.Deps {
					if dep.Path == m.path {
						if _, err := fmt.Fprintf(out, "%-12s %s\n", m.name, dep.Version); err != nil {
							return err
						}
					}
				}
			}
			return nil
		},
	}
}
