// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command backend is what the requests of test/operations reach. It answers after the
// time that a request names, /?delay=20ms, and ends as servers do that care for their
// requests: when it is told to, it takes no more connections, closes those that are
// idle, and lets requests under way end. With --abrupt it ends at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	abrupt := flag.Bool("abrupt", false, "end at once")
	flag.Parse()
	if err := serve(*abrupt); err != nil {
		fmt.Fprintln(os.Stderr, "backend:", err)
		os.Exit(1)
	}
}

func serve(abrupt bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: ":8080", Handler: http.HandlerFunc(answer), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.ListenAndServe() }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	if abrupt {
		return nil
	}
	if err := server.Shutdown(context.Background()); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func answer(w http.ResponseWriter, r *http.Request) {
	if text := r.URL.Query().Get("delay"); text != "" {
		delay, err := time.ParseDuration(text)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return
		}
	}
	fmt.Fprintln(w, os.Getenv("HOSTNAME"))
}
