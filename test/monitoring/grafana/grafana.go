// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package grafana makes dashboards as Grafana imports them, of what is worth saying
// about them: panels by row, with expressions. The rest is the same everywhere.
package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Dashboard is one file.
type Dashboard struct {
	// UID is also the name of the file, and what links lead to.
	UID, Title, Description string
	Variables               []Variable
	Rows                    []Row
}

// Variable is a choice at the top of a dashboard, whose values are those of a label.
type Variable struct {
	Name, Label string
	// Metric whose Of values there are.
	Metric, Of string
	// Regex picks a part of the values.
	Regex string
}

// Row is panels side by side, each as wide as the others.
type Row struct {
	Title  string
	Panels []Panel
}

// Kind of a panel.
type Kind string

// The kinds of panels.
const (
	Graph Kind = "timeseries"
	Stat  Kind = "stat"
	Table Kind = "table"
)

// Panel shows queries.
type Panel struct {
	Title, Description string
	Kind               Kind // default: Graph
	// Unit as Grafana names it: "reqps", "s", "percentunit", "Bps", "short", ....
	Unit    string
	Queries []Query
	// Stack draws the series of a Graph on top of each other.
	Stack bool
	// Thresholds are the values from which on a Stat is yellow, and red.
	Thresholds []float64
	// Least is the value below which a Stat is red, where less is worse.
	Least *float64
}

// Query is an expression and what its series are called.
type Query struct{ Expr, Legend string }

// Encode returns the file.
func (d *Dashboard) Encode() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d.model()); err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
	}
	return out.Bytes(), nil
}

type object = map[string]any

// width of a dashboard, and heights of what is in it, in Grafana's units.
const (
	width       = 24
	statHeight  = 4
	graphHeight = 8
)

var source = object{"type": "prometheus", "uid": "${datasource}"}

func (d *Dashboard) model() object {
	variables := []object{{
		"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1,
	}}
	for _, v := range d.Variables {
		query := fmt.Sprintf("label_values(%s, %s)", v.Metric, v.Of)
		variables = append(variables, object{
			"name": v.Name, "label": v.Label, "type": "query", "datasource": source,
			"definition": query, "query": object{"query": query, "refId": v.Name}, "regex": v.Regex,
			"refresh": 2, "sort": 1, "multi": true, "includeAll": true, "allValue": ".*",
			"current": object{"text": []string{"All"}, "value": []string{"$__all"}},
		})
	}
	return object{
		"uid": d.UID, "title": d.Title, "description": d.Description, "tags": []string{"kubera"},
		"schemaVersion": 39, "version": 1, "editable": true, "graphTooltip": 1, "timezone": "",
		"time": object{"from": "now-1h", "to": "now"}, "refresh": "30s",
		"templating": object{"list": variables},
		"links": []object{{
			"type": "dashboards", "tags": []string{"kubera"}, "title": "Kubera", "asDropdown": true,
			"includeVars": true, "keepTime": true, "targetBlank": false,
		}},
		"annotations": object{"list": []object{}},
		"panels":      d.panels(),
	}
}

func (d *Dashboard) panels() []object {
	var panels []object
	y := 0
	place := func(panel object, x, w, h int) {
		panel["id"] = len(panels) + 1
		panel["gridPos"] = object{"x": x, "y": y, "w": w, "h": h}
		panels = append(panels, panel)
	}
	for i := range d.Rows {
		row := &d.Rows[i]
		place(object{"type": "row", "title": row.Title, "collapsed": false, "panels": []object{}}, 0, width, 1)
		y++
		height := 0
		for j := range row.Panels {
			p := &row.Panels[j]
			h := graphHeight
			if p.Kind == Stat {
				h = statHeight
			}
			height = max(height, h)
			from, to := width*j/len(row.Panels), width*(j+1)/len(row.Panels)
			place(p.model(), from, to-from, h)
		}
		y += height
	}
	return panels
}
