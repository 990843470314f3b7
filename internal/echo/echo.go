// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package echo is a small backend for demonstrations and tests: it answers every
// request with what it received.
package echo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Handler answers with text/plain: a line "NAME METHOD PATH?QUERY", one with the
// host, and one for each header field that says something about this very request.
// A request that accepts application/json gets all fields.
//
// The query can ask for more: delay=DURATION, of at most a minute, for an answer that
// takes so long, and status=CODE, of 200 to 599, for another status than 200.
func Handler(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo-Name", name)
		status, err := obey(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if strings.Contains(r.Header.Get("Accept"), "application/json") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			writeJSON(w, name, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		var text strings.Builder
		fmt.Fprintf(&text, "%s %s %s\nHost: %s\n", name, r.Method, r.URL.RequestURI(), r.Host)
		for _, field := range slices.Sorted(maps.Keys(r.Header)) {
			if !usual(field) {
				fmt.Fprintf(&text, "%s: %s\n", field, strings.Join(r.Header[field], ", "))
			}
		}
		_, _ = w.Write([]byte(text.String()))
	})
}

// usual tells whether clients and proxies send a field with every request.
func usual(field string) bool {
	switch field {
	case "Accept", "Accept-Encoding", "Connection", "Content-Length", "Forwarded", "Traceparent", "User-Agent", "Via", "X-Request-Id":
		return true
	}
	return strings.HasPrefix(field, "X-Forwarded-")
}

// answer is the form of a JSON answer.
type answer struct {
	Name    string      `json:"name"`
	Method  string      `json:"method"`
	Path    string      `json:"path"`
	Host    string      `json:"host"`
	Proto   string      `json:"proto"`
	Headers http.Header `json:"headers"`
}

func writeJSON(w http.ResponseWriter, name string, r *http.Request) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(answer{name, r.Method, r.URL.RequestURI(), r.Host, r.Proto, r.Header})
}

// maxDelay is as long as a client can have an answer wait.
const maxDelay = time.Minute

// obey waits for as long as the request asks for, and gives the status that it asks for.
func obey(r *http.Request) (status int, err error) {
	query := r.URL.Query()
	if text := query.Get("delay"); text != "" {
		delay, err := time.ParseDuration(text)
		if err != nil || delay < 0 || delay > maxDelay {
			return 0, fmt.Errorf("delay=%s: must be a duration of at most %s", text, maxDelay)
		}
		select {
		case <-r.Context().Done():
		case <-time.After(delay):
		}
	}
	status = http.StatusOK
	if text := query.Get("status"); text != "" {
		status, err = strconv.Atoi(text)
		if err != nil || status < 200 || status > 599 {
			return 0, fmt.Errorf("status=%s: must be 200 to 599", text)
		}
	}
	return status, nil
}

// stopTimeout is how long requests may take to end after the server was told to.
const stopTimeout = 5 * time.Second

// Serve answers on the listener, which it closes, in HTTP/1.1 and in HTTP/2 without
// TLS, until ctx ends.
func Serve(ctx context.Context, listener net.Listener, name string) error {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: Handler(name), Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		stopped <- server.Shutdown(grace)
	})
	err := server.Serve(listener)
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
