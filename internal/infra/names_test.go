// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

func TestName(t *testing.T) {
	long := strings.Repeat("a", 253)
	for _, c := range []struct{ gateway, want string }{
		{"web", "web-kubera"},
		{strings.Repeat("a", 39), strings.Repeat("a", 39) + "-kubera"},
		{strings.Repeat("a", 40), strings.Repeat("a", 30) + "-e33cdf9c-kubera"},
		{long, strings.Repeat("a", 30) + "-32859a3a-kubera"},
		{"1web", "gw-1web-bac40f31-kubera"},
		{"a.b", "a-b-2e7336dc-kubera"},
	} {
		if got := Name(c.gateway); got != c.want {
			t.Errorf("Name(%q) = %q, want %q", c.gateway, got, c.want)
		}
	}
}

func TestNamesDiffer(t *testing.T) {
	long := strings.Repeat("a", 250)
	seen := map[string]string{}
	for _, gateway := range []string{"a.b", "a-b", "1", "gw-1", long + "b", long + "c", long, "a", "a.b.c", "a-b.c", "a.b-c"} {
		name := Name(gateway)
		if other, ok := seen[name]; ok {
			t.Errorf("%q and %q share the name %q", gateway, other, name)
		}
		seen[name] = gateway
	}
}

func FuzzName(f *testing.F) {
	for _, seed := range []string{"web", "1web", "a.b", strings.Repeat("a.", 126) + "a", strings.Repeat("9", 253), "a.-b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, gateway string) {
		if len(validation.IsDNS1123Subdomain(gateway)) > 0 {
			t.Skip("not the name of a Gateway")
		}
		name := Name(gateway)
		if errs := validation.IsDNS1035Label(name); len(errs) > 0 || len(name) > maxName {
			t.Errorf("Name(%q) = %q: %v", gateway, name, errs)
		}
		if secret := ControlSecretName(gateway); len(validation.IsDNS1123Label(secret)) > 0 {
			t.Errorf("ControlSecretName(%q) = %q", gateway, secret)
		}
		if errs := validation.IsValidLabelValue(labelValue(gateway)); len(errs) > 0 {
			t.Errorf("labelValue(%q) = %q: %v", gateway, labelValue(gateway), errs)
		}
	})
}
