// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubera-dev/kubera/internal/manifest/schema"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// TestEveryKindReachesTheSnapshot: an object of a kind that is read and put nowhere
// would be lost without a word. Each has its list, and no two have the same.
func TestEveryKindReachesTheSnapshot(t *testing.T) {
	values := []metav1.Object{
		&corev1.Namespace{}, &corev1.Service{}, &corev1.ConfigMap{}, &corev1.Secret{}, &discoveryv1.EndpointSlice{},
	}
	if len(values) != len(coreKinds) {
		t.Errorf("%d core kinds are tested of %d", len(values), len(coreKinds))
	}
	kinds, err := schema.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for gk, kind := range customKinds {
		value := kind.new()
		if name := reflect.TypeOf(value).Elem().Name(); name != gk.Kind {
			t.Errorf("%s is read as %s", gk, name)
		}
		if kinds.Kind(gk) == nil {
			t.Errorf("%s has no schema", gk)
		}
		values = append(values, value)
	}
	seen := map[int]string{}
	for _, value := range values {
		s := &snapshot.Snapshot{}
		s.Add(value)
		name, found := reflect.TypeOf(value).Elem().Name(), 0
		for i, list := range reflect.ValueOf(s).Elem().Fields() {
			if list.Kind() != reflect.Slice || list.Len() == 0 {
				continue
			}
			found++
			if other, ok := seen[i.Index[0]]; ok {
				t.Errorf("%s and %s are in one list", name, other)
			}
			seen[i.Index[0]] = name
		}
		if found != 1 {
			t.Errorf("%s is in %d lists", name, found)
		}
	}
}

// TestEndpointSliceRules are those of an API server, but for loopback addresses.
func TestEndpointSliceRules(t *testing.T) {
	endpoints := func(n int) string { return "[" + strings.Repeat("{addresses: [10.0.0.1]}, ", n) + "]" }
	for _, test := range []struct {
		spec string
		want string // empty: taken
	}{
		{"addressType: IPv4, endpoints: [{addresses: [127.0.0.1]}]", ""},
		{"addressType: IPv6, endpoints: [{addresses: ['::1']}]", ""},
		{"addressType: FQDN, endpoints: [{addresses: [app.example.com]}]", ""},
		{"addressType: FQDN, endpoints: [{addresses: [not_a_name]}]", "endpoints[0].addresses[0]: "},
		{"addressType: IPv4, endpoints: [{addresses: ['::1']}]", "endpoints[0].addresses[0]: Invalid value: \"::1\": must be an IPv4 address"},
		{"addressType: IPv4, endpoints: [{addresses: ['::ffff:10.0.0.1']}]", "must be an IPv4 address"},
		{"addressType: IPv6, endpoints: [{addresses: ['fe80::1%eth0']}]", "must be an IPv6 address"},
		{"addressType: IPv4, endpoints: [{addresses: ['127.0.0.1:80']}]", "must be an IPv4 address"},
		{"addressType: IPv4, endpoints: [{addresses: []}]", "endpoints[0].addresses: Required value"},
		{"addressType: IPv4, endpoints: [{addresses: [" + strings.Repeat("10.0.0.1, ", 101) + "]}]", "endpoints[0].addresses: Too many: 101: must have at most 100 items"},
		{"addressType: IPv4, endpoints: " + endpoints(1000), ""},
		{"addressType: IPv4, endpoints: " + endpoints(1001), "endpoints: Too many: 1001: must have at most 1000 items"},
		{"addressType: IPX", "addressType: Unsupported value: \"IPX\""},
		{"endpoints: []", "addressType: Required value"},
		{"addressType: IPv4, ports: [{port: 80}, {port: 81}]", "ports[1].name: Duplicate value"},
		{"addressType: IPv4, ports: [{name: UPPER, port: 80}]", "ports[0].name: Invalid value: \"UPPER\""},
		{"addressType: IPv4, ports: [{port: 65536}]", "ports[0].port: Invalid value: 65536"},
		{"addressType: IPv4, ports: [{port: 80, protocol: QUIC}]", "ports[0].protocol: Unsupported value: \"QUIC\""},
	} {
		t.Run(fmt.Sprintf("%.70s", test.spec), func(t *testing.T) {
			text := "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s}, " + test.spec + "}"
			file := Parse(t.Context(), "f.yaml", []byte(text))
			switch {
			case test.want == "" && (len(file.Objects) != 1 || len(file.Problems) != 0):
				t.Errorf("not taken: %v", file.Problems)
			case test.want != "" && (len(file.Objects) != 0 || len(file.Problems) == 0 || !strings.Contains(file.Problems[0].String(), test.want)):
				t.Errorf("%d objects, problems %v, want %q", len(file.Objects), file.Problems, test.want)
			}
		})
	}
}
