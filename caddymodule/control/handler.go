// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/runtime"
)

const (
	// maxBody bounds a pushed configuration.
	maxBody = 256 << 20
	// stall is how long a body may pause. A big push over a slow line takes as
	// long as it takes.
	stall = 30 * time.Second
)

// Target is what is controlled, a *runtime.Runtime. Errors are as those of its
// methods.
type Target interface {
	Apply(context.Context, *config.Config) error
	ApplyDelta(context.Context, *config.Delta) error
	ApplyEndpoints(context.Context, *config.EndpointsUpdate) error
	Status() config.Status
	Config() *config.Config
}

// Handler serves config.PathConfig, config.PathEndpoints and config.PathStatus.
// It does not ask who the client is.
func Handler(target Target) http.Handler { return serve(target, maxBody) }

func serve(target Target, maxBody int64) http.Handler {
	h := &handler{target: target, maxBody: maxBody}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+config.PathStatus, h.getStatus)
	mux.HandleFunc("GET "+config.PathConfig, h.getConfig)
	mux.HandleFunc("PUT "+config.PathConfig, func(w http.ResponseWriter, r *http.Request) {
		push(h, w, r, config.Decode, target.Apply)
	})
	mux.HandleFunc("PATCH "+config.PathConfig, func(w http.ResponseWriter, r *http.Request) {
		push(h, w, r, config.DecodeDelta, target.ApplyDelta)
	})
	mux.HandleFunc("PATCH "+config.PathEndpoints, func(w http.ResponseWriter, r *http.Request) {
		push(h, w, r, config.DecodeEndpointsUpdate, target.ApplyEndpoints)
	})
	return mux
}

type handler struct {
	target  Target
	maxBody int64
}

func (h *handler) getStatus(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, h.target.Status())
}

func (h *handler) getConfig(w http.ResponseWriter, _ *http.Request) {
	cfg := h.target.Config()
	if cfg == nil {
		cfg = &config.Config{}
	}
	answer(w, http.StatusOK, cfg.Redacted())
}

// push reads a T and applies it.
func push[T any](h *handler, w http.ResponseWriter, r *http.Request,
	decode func(io.Reader) (*T, error), apply func(context.Context, *T) error,
) {
	if !isJSON(r) {
		answer(w, http.StatusUnsupportedMediaType, config.Refusal{Message: "the body must be application/json, without Content-Encoding"})
		return
	}
	body := &body{from: http.MaxBytesReader(w, r.Body, h.maxBody), deadline: http.NewResponseController(w).SetReadDeadline}
	value, err := decode(body)
	if err != nil {
		answer(w, body.status(), refusal(err))
		return
	}
	// From here on the sender going away changes nothing: half a push is none.
	switch err := apply(context.WithoutCancel(r.Context()), value); {
	case err == nil:
		answer(w, http.StatusOK, h.target.Status())
	case errors.Is(err, runtime.ErrConflict):
		answer(w, http.StatusConflict, h.target.Status())
	default:
		answer(w, http.StatusUnprocessableEntity, refusal(err))
	}
}

func isJSON(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == "application/json" && r.Header.Get("Content-Encoding") == ""
}

func refusal(err error) *config.Refusal {
	if r, ok := errors.AsType[*config.Refusal](err); ok {
		return r
	}
	return &config.Refusal{Message: err.Error()}
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client has gone away
}

// body reads a request body, gives up on one that stalls, and remembers why it
// could not be read.
type body struct {
	from     io.Reader
	deadline func(time.Time) error
	err      error
}

func (b *body) Read(p []byte) (int, error) {
	// Not supported by every ResponseWriter; those of servers do.
	_ = b.deadline(time.Now().Add(stall))
	n, err := b.from.Read(p)
	if err != nil {
		_ = b.deadline(time.Time{})
		if !errors.Is(err, io.EOF) {
			b.err = err
		}
	}
	return n, err
}

// status of the answer to a body that could not be decoded.
func (b *body) status() int {
	if _, ok := errors.AsType[*http.MaxBytesError](b.err); ok {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}
