// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command yaml checks files of Kubernetes objects as an API server would that is asked
// to create them, as far as can be told without one: what kustomize and helm render.
// The tests beside it check the YAML of this repository.
//
//	go run ./test/yaml FILE...
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/kubera-dev/kubera/test/yaml/check"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run checks all files before it fails.
func run(ctx context.Context, paths []string) error {
	checker, err := check.New()
	if err != nil {
		return err
	}
	failed := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		objects, errs := checker.Stream(ctx, data)
		if objects == 0 && len(errs) == 0 {
			errs = append(errs, fmt.Errorf("there are no objects"))
		}
		for _, err := range errs {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
		}
		failed += len(errs)
	}
	if failed > 0 {
		return fmt.Errorf("%d problems", failed)
	}
	return nil
}
