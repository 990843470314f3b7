// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import "cmp"

// model is all of a panel but its place.
func (p *Panel) model() object {
	kind := cmp.Or(p.Kind, Graph)
	panel := object{
		"type": string(kind), "title": p.Title, "description": p.Description, "datasource": source,
		"targets":     p.targets(kind),
		"fieldConfig": object{"defaults": p.defaults(kind), "overrides": []object{}},
	}
	switch kind {
	case Graph:
		panel["options"] = object{
			"legend":  object{"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": []string{"lastNotNull", "max"}},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		}
	case Stat:
		panel["options"] = object{
			"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
			"colorMode":     "background", "graphMode": "area", "textMode": "auto",
		}
	case Table:
		panel["options"] = object{"showHeader": true}
		panel["transformations"] = []object{
			{"id": "merge", "options": object{}},
			{"id": "organize", "options": object{"excludeByName": object{"Time": true}}},
		}
	}
	return panel
}

func (p *Panel) targets(kind Kind) []object {
	var targets []object
	for i, q := range p.Queries {
		target := object{"refId": string(rune('A' + i)), "datasource": source, "expr": q.Expr, "legendFormat": q.Legend}
		if kind == Table {
			target["format"], target["instant"] = "table", true
		}
		targets = append(targets, target)
	}
	return targets
}

func (p *Panel) defaults(kind Kind) object {
	defaults := object{"unit": p.Unit}
	switch kind {
	case Graph:
		custom := object{"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}
		if p.Stack {
			custom["stacking"] = object{"mode": "normal", "group": "A"}
		}
		defaults["custom"], defaults["min"] = custom, 0
	case Stat:
		defaults["thresholds"] = object{"mode": "absolute", "steps": p.steps()}
		defaults["noValue"] = "-"
	case Table:
	}
	return defaults
}

// steps are colours from a value on.
func (p *Panel) steps() []object {
	if p.Least != nil {
		return []object{{"color": "red", "value": nil}, {"color": "green", "value": *p.Least}}
	}
	steps := []object{{"color": "green", "value": nil}}
	for i, value := range p.Thresholds {
		steps = append(steps, object{"color": []string{"yellow", "red"}[min(i, 1)], "value": value})
	}
	return steps
}
