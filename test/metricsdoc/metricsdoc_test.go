// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metricsdoc

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const page = `# Metrics

| metric | type | labels | |
|---|---|---|---|
| ` + "`a_total`, `b_total`" + ` | counter | ` + "`z`, `y`" + ` | what they count |
| ` + "`c_seconds`" + ` | histogram | | |

| metric | |
|---|---|
| another table | |
`

func TestParse(t *testing.T) {
	got, err := Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	want := []Metric{
		{Name: "a_total", Type: "counter", Labels: []string{"y", "z"}},
		{Name: "b_total", Type: "counter", Labels: []string{"y", "z"}},
		{Name: "c_seconds", Type: "histogram"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"c_seconds_bucket", "c_seconds_sum", "c_seconds_count"}, got[2].Series()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a_total"}, got[0].Series()); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ old, new, want string }{
		"a type": {"counter", "number", `5: "number" is none`},
		"a name": {"`a_total`", "a_total", "5: \"a_total, `b_total`\" is not"},
		"labels": {"`z`", "z", "5: \"z, `y`\" is not"},
	} {
		_, err := Parse(strings.Replace(page, tc.old, tc.new, 1))
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", name, err, tc.want)
		}
	}
	if _, err := Parse(page + page); err == nil || !strings.HasPrefix(err.Error(), "15: a_total is there already") {
		t.Errorf("the same twice: got %v", err)
	}
}
