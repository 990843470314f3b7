// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/controller"
)

// cleanupCommand is the name of the command that cleanup is.
const cleanupCommand = "cleanup"

// cleanup removes the GatewayClass that the operator made, before the operator itself
// is removed. What it prints says what it did, or why it left the class, which is no
// error but with --fail-if-served.
func cleanup(ctx context.Context, out io.Writer, args []string) error {
	ctrl.SetLogger(logr.Discard())
	var f struct {
		gatewayClass, controllerName string
		failIfServed                 bool
		timeout                      time.Duration
	}
	set := flag.NewFlagSet(cleanupCommand, flag.ContinueOnError)
	set.StringVar(&f.gatewayClass, "gateway-class", controller.DefaultGatewayClass, "`name` of the GatewayClass, as the operator has it")
	set.StringVar(&f.controllerName, "controller-name", controller.DefaultControllerName, "controllerName of the operator")
	set.BoolVar(&f.failIfServed, "fail-if-served", false, "do nothing and fail while there are Gateways of any class of the operator")
	set.DurationVar(&f.timeout, "timeout", time.Minute, "how long the end of the class may take")
	config.RegisterFlags(set)
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", set.Arg(0))
	}
	cluster, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	direct, err := client.New(cluster, client.Options{Scheme: controller.NewScheme()})
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	c := &controller.Cleanup{Client: direct, GatewayClass: f.gatewayClass, ControllerName: gwv1.GatewayController(f.controllerName)}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	if f.failIfServed {
		served, err := c.Served(ctx)
		if err != nil {
			return err
		}
		if len(served) > 0 {
			return fmt.Errorf("there are Gateways that Kubera serves: %s", controller.Few(served))
		}
	}
	if f.gatewayClass == "" {
		fmt.Fprintln(out, "no GatewayClass was made: there is nothing to do")
		return nil
	}
	outcome, err := c.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, outcome)
	return nil
}
