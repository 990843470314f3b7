// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/internal/standalone"
)

// input is the flags that say what is read and how it is understood.
type input struct {
	paths   []string
	options standalone.Options
}

func (in *input) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&in.paths, "filename", "f", nil,
		`file, folder (with all folders inside: *.yaml, *.yml, *.json) or "-" for standard input; may be repeated`)
	flags.Int32Var(&in.options.PortOffset, "port-offset", 0,
		"added to the port of each listener to get the port that is bound, 8000 makes 8080 of 80")
	flags.BoolVar(&in.options.AllClasses, "all-classes", false,
		"serve the Gateways of every GatewayClass, also of other controllers")
}

// loader reads what the flags name.
func (in *input) loader(cmd *cobra.Command) (*manifest.Loader, error) {
	if len(in.paths) == 0 {
		return nil, usageError{errors.New("which files? Name them with -f")}
	}
	if in.options.PortOffset < 0 || in.options.PortOffset > 65534 {
		return nil, usageError{errors.New("--port-offset must be from 0 to 65534")}
	}
	return &manifest.Loader{Paths: in.paths, Stdin: cmd.InOrStdin()}, nil
}

// checkAddress refuses what nothing could listen on. flag is the flag with its
// value, form what the value has to look like. Port 0 would be a port that no
// manifest can name.
func checkAddress(flag, form, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return usageError{fmt.Errorf("%s: must be %s", flag, form)}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return usageError{fmt.Errorf("%s: the port must be a number from 1 to 65535", flag)}
	}
	return nil
}
