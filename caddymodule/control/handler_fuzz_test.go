// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// FuzzHandler: whatever is sent gets one of the documented answers.
func FuzzHandler(f *testing.F) {
	for _, body := range []string{
		`{"version":"1"}`, `{"base":"1","version":"2","routes":{"remove":["a"]}}`,
		`{"base":"1","backends":[{"id":"b","endpoints":[{"address":"10.0.0.1:80"}]}]}`,
		`{"version":`, `[]`, `null`, ``, `{"certificates":[{"key":5}]}`, "\x00", `{} {}`,
	} {
		f.Add(uint8(0), []byte(body))
		f.Add(uint8(1), []byte(body))
		f.Add(uint8(2), []byte(body))
	}
	requests := []struct{ method, path string }{
		{http.MethodPut, config.PathConfig}, {http.MethodPatch, config.PathConfig}, {http.MethodPatch, config.PathEndpoints},
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		r := requests[int(which)%len(requests)]
		req := httptest.NewRequest(r.method, r.path, bytes.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		target := &target{}
		rec := httptest.NewRecorder()
		serve(target, 1<<16).ServeHTTP(rec, req)
		applied := target.config != nil || target.delta != nil || target.endpoints != nil
		switch rec.Code {
		case http.StatusOK:
			if !applied {
				t.Error("200, and nothing was applied")
			}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			var refusal config.Refusal
			if err := json.Unmarshal(rec.Body.Bytes(), &refusal); err != nil || refusal.Message == "" || applied {
				t.Errorf("%d with %s, applied %t (%v)", rec.Code, rec.Body, applied, err)
			}
		default:
			t.Errorf("status %d", rec.Code)
		}
	})
}
