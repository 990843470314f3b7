// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"errors"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestParseAnswer(t *testing.T) {
	for name, tc := range map[string]struct {
		code    int
		data    string
		status  config.Status
		refusal *config.Refusal
		err     error
		fails   bool
	}{
		"applied":               {code: 200, data: `{"version":"v1","endpoints_version":"e1","draining":true}`, status: config.Status{Version: "v1", EndpointsVersion: "e1", Draining: true}},
		"of a newer proxy":      {code: 200, data: `{"version":"v1","more":[1]}`, status: config.Status{Version: "v1"}},
		"of a revision":         {code: 200, data: `{"version":"v1","revision":9,"program":"v9.0.0"}`, status: config.Status{Version: "v1", Revision: 9, Program: "v9.0.0"}},
		"not a status":          {code: 200, data: `<html>`, fails: true},
		"conflict":              {code: 409, data: `{"version":"v0"}`, err: errConflict, fails: true},
		"refused":               {code: 422, data: `{"object":"o","field":"f","message":"m"}`, refusal: &config.Refusal{Object: "o", Field: "f", Message: "m"}, fails: true},
		"refused without words": {code: 422, data: `{}`, refusal: &config.Refusal{Message: "the proxy answered 422 Unprocessable Entity"}, fails: true},
		"too large":             {code: 413, data: `oops`, refusal: &config.Refusal{Message: "the proxy answered 413 Request Entity Too Large"}, fails: true},
		"not found":             {code: 404, data: `{}`, fails: true},
		"broken":                {code: 500, data: `{"message":"m"}`, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			status, err := parseAnswer(tc.code, []byte(tc.data))
			if status != tc.status || (err != nil) != tc.fails {
				t.Errorf("got %+v, %v", status, err)
			}
			if tc.err != nil && !errors.Is(err, tc.err) {
				t.Errorf("got %v, want %v", err, tc.err)
			}
			refusal, refused := errors.AsType[*config.Refusal](err)
			if refused != (tc.refusal != nil) || refused && *refusal != *tc.refusal {
				t.Errorf("refusal %+v, want %+v", refusal, tc.refusal)
			}
		})
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add(200, []byte(`{"version":"v1","endpoints_version":"e1"}`))
	f.Add(409, []byte(`{"version":"v1"}`))
	f.Add(422, []byte(`{"object":"HTTPRoute/a/b","field":"rules[0]","message":"no"}`))
	f.Add(500, []byte(nil))
	f.Fuzz(func(t *testing.T, code int, data []byte) {
		status, err := parseAnswer(code, data)
		if err != nil && status != (config.Status{}) {
			t.Errorf("a failure with the status %+v", status)
		}
		if err == nil && code != 200 {
			t.Errorf("%d is taken for applied", code)
		}
		if refusal, ok := errors.AsType[*config.Refusal](err); ok && refusal.Message == "" {
			t.Error("a refusal says nothing")
		}
	})
}
