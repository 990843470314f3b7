// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

// mismatched gives a Secret the key of somebody else.
func mismatched(t *testing.T, secret string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	before, _, ok := strings.Cut(secret, "  tls.key: |\n")
	if !ok {
		t.Fatal("the Secret has no key")
	}
	return before + "  tls.key: |\n    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n"
}

// TestKeysAreNotTold: the message about a mismatch holds nothing of the key.
func TestKeysAreNotTold(t *testing.T) {
	secret := mismatched(t, exampleSecret(t))
	_, key, _ := strings.Cut(secret, "  tls.key: |\n")
	translation := load(t, map[string]string{"a.yaml": httpsGateway, "b.yaml": secret})
	problems := translation.Problems()
	if len(problems) == 0 {
		t.Fatal("no problem")
	}
	for line := range strings.Lines(key) {
		line = strings.TrimSpace(line)
		for _, p := range problems {
			if len(line) > 20 && strings.Contains(p.String(), line) && !strings.Contains(line, "PRIVATE KEY") {
				t.Errorf("a part of the key is in %q", p)
			}
		}
	}
}
