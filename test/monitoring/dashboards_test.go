// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/test/monitoring/dashboards"
)

const dashboardFiles = "../../config/grafana"

// dashboard is what tests want to know of one, as Grafana reads it.
type dashboard struct {
	UID           string
	Title         string
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type, Definition string
		}
	}
	Panels []panel
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               struct{ Type, UID string }
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []struct {
		RefID, Expr, LegendFormat string
		Datasource                struct{ UID string }
	}
}

// read are the files in config/grafana by name.
func readDashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dashboardFiles, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]dashboard{}
	for _, path := range paths {
		var d dashboard
		if err := json.Unmarshal([]byte(read(t, path)), &d); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".json")] = d
	}
	return all
}

// The files are those that package dashboards makes, and the component has all.
func TestDashboardsAreMade(t *testing.T) {
	kustomization := read(t, filepath.Join(dashboardFiles, "kustomization.yaml"))
	want := dashboards.All()
	for name, d := range want {
		path := filepath.Join(dashboardFiles, name+".json")
		data, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if read(t, path) != string(data) {
			t.Errorf("%s is not what package dashboards makes: run make update-monitoring", path)
		}
		if !strings.Contains(kustomization, "  - "+name+".json\n") {
			t.Errorf("config/grafana/kustomization.yaml does not name %s.json", name)
		}
	}
	for name := range readDashboards(t) {
		if _, ok := want[name]; !ok {
			t.Errorf("nobody makes %s/%s.json", dashboardFiles, name)
		}
	}
}

func TestDashboardsAreWhole(t *testing.T) {
	for name, d := range readDashboards(t) {
		if d.UID != name || !strings.HasPrefix(d.Title, "Kubera / ") || d.SchemaVersion == 0 {
			t.Errorf("%s: uid %q, title %q, schema %d", name, d.UID, d.Title, d.SchemaVersion)
		}
		if len(d.Templating.List) == 0 || d.Templating.List[0].Type != "datasource" || d.Templating.List[0].Name != "datasource" {
			t.Errorf("%s has no choice of a data source", name)
		}
		titles, ids := map[string]bool{}, map[int]bool{}
		for i, p := range d.Panels {
			if p.Title == "" || ids[p.ID] {
				t.Errorf("%s: panel %d has the title %q and the ID %d", name, i, p.Title, p.ID)
			}
			ids[p.ID] = true
			if p.Type == "row" {
				continue
			}
			if titles[p.Title] || p.Description == "" || len(p.Targets) == 0 || p.Datasource.UID != "${datasource}" {
				t.Errorf("%s: panel %q: twice, or without description, query or the chosen data source", name, p.Title)
			}
			titles[p.Title] = true
			for _, other := range d.Panels[:i] {
				if overlap(p, other) {
					t.Errorf("%s: panels %q and %q overlap", name, p.Title, other.Title)
				}
			}
			if p.GridPos.X+p.GridPos.W > 24 {
				t.Errorf("%s: panel %q is beyond the edge", name, p.Title)
			}
		}
	}
}

func overlap(a, b panel) bool {
	return a.GridPos.X < b.GridPos.X+b.GridPos.W && b.GridPos.X < a.GridPos.X+a.GridPos.W &&
		a.GridPos.Y < b.GridPos.Y+b.GridPos.H && b.GridPos.Y < a.GridPos.Y+a.GridPos.H
}

var (
	variable    = regexp.MustCompile(`\$\{?(\w+)\}?`)
	legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)
	labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
)

// substituted is an expression with values for variables, of which the others must be
// among the names.
func substituted(expr string, names []string) (string, error) {
	var err error
	result := variable.ReplaceAllStringFunc(expr, func(match string) string {
		switch name := variable.FindStringSubmatch(match)[1]; {
		case name == "__rate_interval":
			return "5m"
		case !slices.Contains(names, name):
			err = fmt.Errorf("there is no variable %s", name)
		}
		return "x"
	})
	return result, err
}

// TestDashboardsNameWhatIsThere holds expressions, legends and variables to the metrics
// that are documented.
func TestDashboardsNameWhatIsThere(t *testing.T) {
	labels := known(t)
	queries := 0
	check := func(t *testing.T, where, expr string, names []string) {
		t.Helper()
		queries++
		expr, err := substituted(expr, names)
		if err != nil {
			t.Errorf("%s: %v", where, err)
		}
		for _, problem := range unknown(expr, labels) {
			t.Errorf("%s: %s", where, problem)
		}
	}
	for name, d := range readDashboards(t) {
		var names []string
		for _, v := range d.Templating.List {
			if v.Type == "query" {
				match := labelValues.FindStringSubmatch(v.Definition)
				if match == nil {
					t.Errorf("%s: variable %s: %s", name, v.Name, v.Definition)
					continue
				}
				check(t, name+": variable "+v.Name, "group by ("+match[2]+") ("+match[1]+")", names)
			}
			names = append(names, v.Name)
		}
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				where := name + ": " + p.Title
				check(t, where, target.Expr, names)
				for _, match := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
					// A label that the expression aggregates away is an empty legend.
					if !strings.Contains(target.Expr, "by (") && !slices.Contains(targetLabels, match[1]) ||
						strings.Contains(target.Expr, "by (") && !groups(target.Expr, match[1]) {
						t.Errorf("%s: the legend has the label %s, which the expression does not give", where, match[1])
					}
				}
			}
		}
	}
	if queries < 50 {
		t.Errorf("%d queries were checked", queries)
	}
}

var grouping = regexp.MustCompile(`by \(([^)]*)\)`)

// groups says whether an aggregation of the expression keeps the label.
func groups(expr, label string) bool {
	return slices.ContainsFunc(grouping.FindAllStringSubmatch(expr, -1), func(match []string) bool {
		return slices.Contains(strings.Split(match[1], ", "), label)
	})
}
