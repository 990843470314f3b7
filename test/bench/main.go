// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench compares what one proxied request costs in kubera-proxy, nginx,
// HAProxy and stock Caddy: all stand in front of the same backend, take turns
// under the same load (wrk) in the same run, and are compared by the CPU time
// that their processes used for each request. Only ratios within a run mean
// anything.
//
// It needs wrk, nginx and haproxy in PATH and the two Go programs built; make
// bench-compare does that. What is missing is left out, and said.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"text/tabwriter"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.kubera, "kubera-proxy", "bin/kubera-proxy", "the kubera-proxy program")
	flag.StringVar(&o.caddy, "caddy", "bin/caddy", "a stock caddy program")
	flag.IntVar(&o.rounds, "rounds", 5, "turns of each proxy; the median counts")
	flag.IntVar(&o.connections, "connections", 32, "connections of wrk")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "length of a turn")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	kubera, caddy       string
	rounds, connections int
	duration            time.Duration
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "kubera-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	backend := startBackend()
	defer backend.Close()
	all := contenders(o, dir, backend.Listener.Addr().String())
	var running []*contender
	defer func() {
		for _, c := range running {
			c.stop()
		}
	}()
	for _, c := range all {
		if err := c.start(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "%s is left out: %v\n", c.name, err)
			continue
		}
		running = append(running, c)
	}
	if len(running) == 0 {
		return fmt.Errorf("none of the proxies could be started")
	}
	for round := range o.rounds {
		for _, c := range running {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, o.rounds, c.name)
			if err := c.turn(ctx, o); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return report(running)
}

// report prints the medians and what they are to the first contender's, nginx's
// where it takes part.
func report(cs []*contender) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(w, "proxy\tCPU µs/request\tto %s\trequests/s\tRSS MiB\t\n", cs[0].name)
	base := median(cs[0].cpu)
	for _, c := range cs {
		cpu := median(c.cpu)
		_, _ = fmt.Fprintf(w, "%s\t%.1f\t%.2f\t%.0f\t%.0f\t\n", c.name, cpu, cpu/base, median(c.rate), c.rss)
	}
	return w.Flush()
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if len(s) == 0 {
		return 0
	}
	return s[len(s)/2]
}
