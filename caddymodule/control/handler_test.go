// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/runtime"
)

// target records what it is told and fails as told.
type target struct {
	err       error
	config    *config.Config
	delta     *config.Delta
	endpoints *config.EndpointsUpdate
}

func (t *target) Apply(_ context.Context, c *config.Config) error { t.config = c; return t.err }

func (t *target) ApplyDelta(_ context.Context, d *config.Delta) error { t.delta = d; return t.err }

func (t *target) ApplyEndpoints(_ context.Context, u *config.EndpointsUpdate) error {
	t.endpoints = u
	return t.err
}

func (t *target) Status() config.Status { return config.Status{Version: "running"} }

func (t *target) Config() *config.Config { return t.config }

func TestHandlerPush(t *testing.T) {
	refusal := &config.Refusal{Object: "HTTPRoute/default/web", Field: "rules[0]", Message: "no"}
	for _, tc := range []struct {
		name         string
		method, path string
		contentType  string
		encoding     string
		body         string
		err          error
		status       int
		answer       string
	}{
		{name: "full", method: "PUT", path: config.PathConfig, body: `{"version":"1"}`, status: 200, answer: `{"version":"running"}`},
		{name: "delta", method: "PATCH", path: config.PathConfig, body: `{"base":"1","version":"2"}`, status: 200, answer: `{"version":"running"}`},
		{name: "endpoints", method: "PATCH", path: config.PathEndpoints, body: `{"base":"1","backends":[]}`, status: 200, answer: `{"version":"running"}`},
		{name: "other base", method: "PATCH", path: config.PathConfig, body: `{"base":"1","version":"2"}`, err: runtime.ErrConflict, status: 409, answer: `{"version":"running"}`},
		{name: "refused", method: "PUT", path: config.PathConfig, body: `{}`, err: refusal, status: 422, answer: `{"object":"HTTPRoute/default/web","field":"rules[0]","message":"no"}`},
		{name: "refused otherwise", method: "PUT", path: config.PathConfig, body: `{}`, err: errors.New("disk full"), status: 422, answer: `{"message":"disk full"}`},
		{name: "with charset", method: "PUT", path: config.PathConfig, contentType: "application/json; charset=utf-8", body: `{}`, status: 200, answer: `{"version":"running"}`},
		{name: "other type", method: "PUT", path: config.PathConfig, contentType: "text/plain", body: `{}`, status: 415},
		{name: "compressed", method: "PUT", path: config.PathConfig, encoding: "gzip", body: `{}`, status: 415},
		{name: "no JSON", method: "PUT", path: config.PathConfig, body: `{`, status: 400},
		{name: "unknown field", method: "PATCH", path: config.PathEndpoints, body: `{"bas":"1"}`, status: 400},
		{name: "too large", method: "PUT", path: config.PathConfig, body: `{"version":"` + strings.Repeat("x", 2000) + `"}`, status: 413},
		{name: "other method", method: "POST", path: config.PathConfig, body: `{}`, status: 405},
		{name: "other path", method: "PUT", path: "/gateway/", body: `{}`, status: 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			target := &target{err: tc.err}
			req := httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body))
			req.Header.Set("Content-Type", "application/json")
			if tc.contentType != "" {
				req.Header.Set("Content-Type", tc.contentType)
			}
			req.Header.Set("Content-Encoding", tc.encoding)
			rec := httptest.NewRecorder()
			serve(target, 1000).ServeHTTP(rec, req)
			if rec.Code != tc.status {
				t.Errorf("status %d, want %d; body %s", rec.Code, tc.status, rec.Body)
			}
			if got := strings.TrimSpace(rec.Body.String()); tc.answer != "" && got != tc.answer {
				t.Errorf("answer %s, want %s", got, tc.answer)
			}
			applied := target.config != nil || target.delta != nil || target.endpoints != nil
			if want := tc.err != nil || tc.status == 200; applied != want {
				t.Errorf("applied: %t, want %t", applied, want)
			}
			if tc.status == 400 || tc.status == 413 || tc.status == 415 || tc.status == 422 {
				var r config.Refusal
				if err := json.Unmarshal(rec.Body.Bytes(), &r); err != nil || r.Message == "" {
					t.Errorf("%s is no refusal (%v)", rec.Body, err)
				}
			}
		})
	}
}

func TestHandlerGetConfigHidesKeys(t *testing.T) {
	target := &target{config: &config.Config{
		Version:      "1",
		Certificates: []config.Certificate{{ID: "c", Chain: "the chain", Key: "the secret"}},
	}}
	rec := httptest.NewRecorder()
	Handler(target).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, config.PathConfig, nil))
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "the chain") {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
	if strings.Contains(rec.Body.String(), "the secret") {
		t.Error("a private key was reported")
	}
}

func TestHandlerGetConfigBeforeTheFirst(t *testing.T) {
	rec := httptest.NewRecorder()
	Handler(&target{}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, config.PathConfig, nil))
	if got := strings.TrimSpace(rec.Body.String()); rec.Code != http.StatusOK || got != "{}" {
		t.Errorf("got %d %s", rec.Code, got)
	}
}

// dripping is a body that pauses after each byte.
type dripping struct {
	bytes     string
	deadlines int
}

func (d *dripping) Read(p []byte) (int, error) {
	p[0], d.bytes = d.bytes[0], d.bytes[1:]
	return 1, nil
}

func TestBodyExtendsTheDeadlineAtEachRead(t *testing.T) {
	from := &dripping{bytes: "abc"}
	var before time.Time // the read
	b := &body{from: from, deadline: func(at time.Time) error {
		if at.Before(before.Add(stall)) || at.After(time.Now().Add(stall)) {
			t.Errorf("the deadline is %s after the read", at.Sub(before))
		}
		from.deadlines++
		return nil
	}}
	for range 3 {
		before = time.Now()
		if _, err := b.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if from.deadlines != 3 {
		t.Errorf("the deadline was set %d times, want 3", from.deadlines)
	}
}
