// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	registry, err := NewRegistry(filled(), "v1.2\xff")
	if err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	want := `
# HELP kubera_proxy_build_info Always 1, with the version of the program.
# TYPE kubera_proxy_build_info gauge
kubera_proxy_build_info{goversion="` + runtime.Version() + `",version="v1.2` + "\uFFFD" + `"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "kubera_proxy_build_info"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "kubera_proxy_requests_total"} {
		if n, err := testutil.GatherAndCount(registry, name); n == 0 || err != nil {
			t.Errorf("there is no %s: %v", name, err)
		}
	}
}
