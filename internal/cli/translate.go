// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/caddymodule"
	"github.com/kubera-dev/kubera/internal/standalone"
)

type translateFlags struct {
	input
	output      string
	configOnly  bool
	statusOnly  bool
	showSecrets bool
}

func translateCommand() *cobra.Command {
	var f translateFlags
	cmd := &cobra.Command{
		Use:   "translate -f PATH [flags]",
		Short: "Show what Gateway API resources come to: Caddy configuration and statuses",
		Long: `Reads Gateway API resources, Services, EndpointSlices, Secrets, ConfigMaps,
Namespaces and Kubera's own kinds, and prints the Caddy configuration that they come
to and the status of every object.

With --config-only the output is a file that "kubera-proxy run --config" serves as it
is, given that --show-secrets puts private keys into it.

Problems are printed to standard error, one a line, as FILE:LINE: KIND NAME: MESSAGE.

Exit codes: 0 all is well, 1 something in the input needs mending (the output is
complete without it), 2 the command line is wrong.`,
		Example: `  kubera translate -f gateway.yaml
  kubera translate -f examples/quickstart --status-only
  kubera translate -f . --config-only --show-secrets > caddy.json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "yaml or json (default yaml, json with --config-only)")
	flags.BoolVar(&f.configOnly, "config-only", false, "print the Caddy configuration and nothing else")
	flags.BoolVar(&f.statusOnly, "status-only", false, "print the statuses and nothing else")
	flags.BoolVar(&f.showSecrets, "show-secrets", false, "print private keys, which are left out otherwise")
	return cmd
}

func (f *translateFlags) run(cmd *cobra.Command) error {
	if f.configOnly && f.statusOnly {
		return usageError{errors.New("--config-only and --status-only exclude each other")}
	}
	if f.output == "" {
		f.output = "yaml"
		if f.configOnly {
			f.output = "json"
		}
	}
	if f.output != "yaml" && f.output != "json" {
		return usageError{fmt.Errorf("-o %s: must be yaml or json", f.output)}
	}
	loader, err := f.loader(cmd)
	if err != nil {
		return err
	}
	t := standalone.Translate(loader.Load(cmd.Context()), f.options)
	document, err := f.document(t)
	if err != nil {
		return err
	}
	if err := f.print(cmd.OutOrStdout(), document); err != nil {
		return err
	}
	p := newPrinter(cmd.ErrOrStderr())
	p.problems(t.Problems())
	if !f.showSecrets && !f.statusOnly && len(t.Config.Certificates) > 0 {
		p.line("Private keys are left out; --show-secrets prints them.")
	}
	if t.Bad() {
		return errBadInput
	}
	return nil
}

// objectStatus is the status of an object, in the form of the object.
type objectStatus struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   objectMetadata `json:"metadata"`
	// File is the file and line of the object, empty if no file has it.
	File   string `json:"file,omitempty"`
	Status any    `json:"status"`
}

type objectMetadata struct {
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
	Generation int64  `json:"generation,omitempty"`
}

// document is what is printed.
func (f *translateFlags) document(t *standalone.Translation) (any, error) {
	if f.statusOnly {
		return statusDocument(t)
	}
	cfg := t.Config
	if !f.showSecrets {
		cfg = cfg.Redacted()
	}
	boot, err := caddymodule.BootConfig(caddymodule.BootOptions{App: caddymodule.App{Config: cfg}})
	if err != nil {
		return nil, err
	}
	if f.configOnly {
		return json.RawMessage(boot), nil
	}
	statuses, err := statusDocument(t)
	if err != nil {
		return nil, err
	}
	return struct {
		Caddy    json.RawMessage `json:"caddy"`
		Statuses []objectStatus  `json:"statuses"`
	}{boot, statuses}, nil
}

func statusDocument(t *standalone.Translation) ([]objectStatus, error) {
	list := make([]objectStatus, 0, len(t.Statuses))
	for _, s := range t.Statuses {
		status, err := withoutTimes(s.Value)
		if err != nil {
			return nil, err
		}
		entry := objectStatus{
			APIVersion: standalone.APIVersion(s.Object),
			Kind:       s.Object.Kind,
			Metadata: objectMetadata{
				Namespace: s.Object.Namespace, Name: s.Object.Name, Generation: s.Object.Value.GetGeneration(),
			},
			Status: status,
		}
		if at := s.Object.Position(); at.File != "" {
			at.Column = 0
			entry.File = at.String()
		}
		list = append(list, entry)
	}
	return list, nil
}

// withoutTimes gives the JSON value of a status without the times of its
// conditions, which have none here: nothing went from one state to another.
func withoutTimes(status any) (any, error) {
	data, err := json.Marshal(status)
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return nil, err
	}
	dropTimes(value)
	return value, nil
}

func dropTimes(value any) {
	switch value := value.(type) {
	case map[string]any:
		if at, ok := value["lastTransitionTime"]; ok && at == nil {
			delete(value, "lastTransitionTime")
		}
		for _, inner := range value {
			dropTimes(inner)
		}
	case []any:
		for _, inner := range value {
			dropTimes(inner)
		}
	}
}

func (f *translateFlags) print(out io.Writer, document any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return err
	}
	data := text.Bytes()
	if f.output == "yaml" {
		var err error
		if data, err = yaml.JSONToYAML(data); err != nil {
			return err
		}
	}
	_, err := out.Write(data)
	return err
}
