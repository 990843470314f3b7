// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// scrape reads /metrics: the values by the names with their labels.
func (g *gateway) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.status.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := g.status.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	values := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil {
			values[name] = v
		}
	}
	return values
}

// awaitNoMore waits until there are no more goroutines and open files than before.
// The few that come and go are those of the scrape and the pushes.
func (g *gateway) awaitNoMore(t *testing.T, before map[string]float64) {
	t.Helper()
	const slack = 8
	var now map[string]float64
	defer func() {
		for _, name := range []string{"go_goroutines", "process_open_fds"} {
			t.Logf("%s: %v before, %v after", name, before[name], now[name])
		}
	}()
	await(t, "goroutines and files to be gone", func() bool {
		now = g.scrape(t)
		return now["go_goroutines"] <= before["go_goroutines"]+slack && now["process_open_fds"] <= before["process_open_fds"]+slack
	})
}
