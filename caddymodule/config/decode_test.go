// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestDecodeRefuses(t *testing.T) {
	tests := map[string]struct{ document, want string }{
		"unknown field":      {`{"routs":[]}`, "routs"},
		"nested unknown":     {`{"routes":[{"id":"a","ruels":[]}]}`, "ruels"},
		"two documents":      {`{} {}`, "more than one"},
		"null":               {`null`, "null"},
		"garbage behind":     {`{} x`, "more than one"},
		"cut":                {`{"routes":[`, "unexpected EOF"},
		"nothing":            {``, "EOF"},
		"wrong type":         {`{"listeners":[{"port":"80"}]}`, "listeners.port is of the wrong type, int32"},
		"not an object":      {`[]`, "wrong type"},
		"negative duration":  {`{"gateways":[{"limits":{"idle_timeout":"-1s"}}]}`, "negative"},
		"duration of number": {`{"gateways":[{"limits":{"idle_timeout":5}}]}`, "idle_timeout"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(strings.NewReader(tc.document))
			var refusal *Refusal
			if !errors.As(err, &refusal) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

// A key that stands where something else belongs must not get into a message.
func TestDecodeQuotesNoValue(t *testing.T) {
	for _, document := range []string{
		`{"certificates":["SECRET"]}`, `{"certificates":"SECRET"}`, `{"certificates":[{"key":"SECRET]}`, `"SECRET"`,
	} {
		if _, err := Decode(strings.NewReader(document)); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", document, err)
		}
	}
}

// The cause stays with the error: a body that was too large is another answer.
func TestDecodeKeepsTheCause(t *testing.T) {
	_, err := Decode(iotest.ErrReader(io.ErrClosedPipe))
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

func TestDecodeOthers(t *testing.T) {
	d, err := DecodeDelta(strings.NewReader(`{"base":"1","version":"2","routes":{"remove":["r"]}}`))
	if err != nil || d.Base != "1" || d.Version != "2" || d.Routes.Remove[0] != "r" {
		t.Errorf("%+v, %v", d, err)
	}
	u, err := DecodeEndpointsUpdate(strings.NewReader(`{"base":"1","backends":[{"id":"b","endpoints":[{"address":"10.0.0.1:80"}]}]}` + "\n"))
	if err != nil || u.Backends[0].Endpoints[0].Address != "10.0.0.1:80" {
		t.Errorf("%+v, %v", u, err)
	}
}

// FuzzDecode: what is read can be written and read again as the same, and what is
// valid can be sealed, compared and redacted.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(5) {
		b, err := json.Marshal(newGenerator(seed).config())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"gateways":[{"id":"a","client_address":{"trusted_proxies":["10.0.0.0/8"],"proxy_protocol":true},"limits":{"idle_timeout":"1h"}}]}`))
	f.Add([]byte(`{"routes":[{"id":"r","rules":[{"filters":[{"redirect":{"path":{"replace_prefix":"/"}}}],"matches":[{"path":{"type":"regex","value":"a(b"}}]}]}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		c, err := Decode(bytes.NewReader(document))
		if err != nil {
			return
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		c2, err := Decode(bytes.NewReader(again))
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if c.Validate() != nil {
			return
		}
		Seal(c)
		Seal(c2)
		if d := Diff(c, c2); c.Version != c2.Version || d.Base != d.Version {
			t.Errorf("%s differs from itself after a way through JSON", document)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("sealing made it invalid: %v", err)
		}
	})
}
