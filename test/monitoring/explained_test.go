// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"slices"
	"strings"
	"testing"
)

// sections are those of docs/alerts.md by heading, which are anchors in lower case.
func sections(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	heading := ""
	for line := range strings.Lines(read(t, "../../docs/alerts.md")) {
		if name, ok := strings.CutPrefix(line, "### "); ok {
			heading = strings.TrimSpace(name)
			if _, twice := all[heading]; twice {
				t.Errorf("docs/alerts.md has %s twice", heading)
			}
		} else if strings.HasPrefix(line, "#") {
			heading = ""
			continue
		}
		if heading != "" {
			all[heading] += line
		}
	}
	return all
}

// Each alert has a section with three parts, and no other has one.
func TestAlertsAreExplained(t *testing.T) {
	explained := sections(t)
	var names []string
	for _, rule := range alerts(t) {
		names = append(names, rule.Alert)
		text, ok := explained[rule.Alert]
		if !ok {
			t.Errorf("docs/alerts.md has no section %s", rule.Alert)
			continue
		}
		for _, part := range []string{"Meaning:", "Look at:", "Mend:"} {
			if !strings.Contains(text, "\n* "+part+" ") {
				t.Errorf("docs/alerts.md: %s has no %q", rule.Alert, part)
			}
		}
		if severity := rule.Labels["severity"]; !strings.Contains(text, severity+", ") {
			t.Errorf("docs/alerts.md: %s does not say that it is %s", rule.Alert, severity)
		}
	}
	for heading := range explained {
		if !slices.Contains(names, heading) {
			t.Errorf("docs/alerts.md explains %s, which is no alert", heading)
		}
	}
}
