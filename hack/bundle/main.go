// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bundle writes the bundle by which the Operator Lifecycle Manager installs
// Kubera, and checks it. It does what operator-sdk generate bundle and bundle validate
// do, without that program. hack/bundle.sh calls it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kubera-dev/kubera/hack/bundle/generate"
	"github.com/kubera-dev/kubera/hack/bundle/rules"
)

func main() {
	var options generate.Options
	manifests := flag.String("manifests", "", "`file` with what kustomize makes of config/manifests")
	icon := flag.String("icon", "", "`file` with the icon, SVG")
	root := flag.String("root", ".", "`directory` to write bundle/ and bundle.Dockerfile to")
	channels := flag.String("channels", "candidate", "`names` of the channels, with commas")
	platforms := flag.String("platforms", "linux/amd64,linux/arm64", "those of the images, with commas")
	flag.StringVar(&options.Version, "version", "", "semantic `version` of the release")
	flag.StringVar(&options.DefaultChannel, "default-channel", "candidate", "`name` of the default channel")
	flag.BoolVar(&options.Digests, "digests", false, "refuse images that are not named by digest")
	flag.Parse()
	options.Channels = strings.Split(*channels, ",")
	options.Platforms = strings.Split(*platforms, ",")

	if err := run(*manifests, *icon, *root, options); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(manifests, icon, root string, options generate.Options) error {
	var err error
	if options.Icon, err = os.ReadFile(icon); err != nil {
		return err
	}
	in, err := os.Open(manifests)
	if err != nil {
		return err
	}
	defer in.Close()
	files, err := generate.Generate(in, options)
	if err != nil {
		return fmt.Errorf("%s: %w", manifests, err)
	}
	b, err := rules.Load(files)
	if err != nil {
		return err
	}
	if broken := rules.Check(b); len(broken) > 0 {
		return errors.New("the bundle is not valid:\n" + strings.Join(broken, "\n"))
	}
	return write(root, files)
}

// write replaces the bundle below root: no manifest of before stays.
func write(root string, files generate.Files) error {
	if err := os.RemoveAll(filepath.Join(root, "bundle")); err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
