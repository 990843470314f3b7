// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	r, err := Read("../../caddymodule/config/testdata/revision-1.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ typ, document, want string }{
		"empty":            {"Config", `{}`, ""},
		"all kinds":        {"Config", `{"gateways":[{"id":"a","http3":true,"limits":{"max_connections":3,"idle_timeout":"1s"}}],"routes":null}`, ""},
		"default":          {"Config", `{"backends":[{"id":"b","protocol":""}]}`, ""},
		"delta":            {"Delta", `{"base":"1","version":"2","routes":{"set":[{"id":"r","rules":[{"filters":[{"static_response":{"status":200,"body":"aGk="}}]}]}]}}`, ""},
		"unknown":          {"Config", `{"gateways":[{"id":"a","teleport":{}}]}`, "Gateway has no field teleport"},
		"unknown of delta": {"Delta", `{"routes":{"set":[{"rules":[{"warp":1}]}]}}`, "Rule has no field warp"},
		"unknown value":    {"Config", `{"routes":[{"protocol":"quic"}]}`, `RouteProtocol has no value "quic"`},
		"wrong scalar":     {"Config", `{"version":1}`, "a json.Number where string is expected"},
		"wrong number":     {"Config", `{"listeners":[{"port":"80"}]}`, "a string where int32 is expected"},
		"wrong bool":       {"Config", `{"gateways":[{"http3":"yes"}]}`, "where bool is expected"},
		"no list":          {"Config", `{"routes":{}}`, "where []Route is expected"},
		"no object":        {"EndpointsUpdate", `{"backends":["b"]}`, "where BackendEndpoints is expected"},
		"no JSON":          {"Config", `{`, "unexpected EOF"},
		"unknown type":     {"Nothing", `"x"`, "there is no type Nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			err := r.Check(tc.typ, []byte(tc.document))
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	if _, err := Read("none.txt"); err == nil {
		t.Error("a file that is not there was read")
	}
}
