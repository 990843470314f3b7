// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metricsdoc reads the tables of docs/metrics.md, by which tests hold the
// metrics, the dashboards and the alerts together.
package metricsdoc

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Metric is a row of a table.
type Metric struct {
	Name string
	// Type is counter, gauge or histogram.
	Type string
	// Labels, sorted, without those that Prometheus adds.
	Labels []string
}

// Ours says whether the programs of this repository make the metric.
func (m Metric) Ours() bool { return strings.HasPrefix(m.Name, "kubera_") }

// Series are the names under which values of the metric are found.
func (m Metric) Series() []string {
	if m.Type == "histogram" {
		return []string{m.Name + "_bucket", m.Name + "_sum", m.Name + "_count"}
	}
	return []string{m.Name}
}

var (
	types = []string{"counter", "gauge", "histogram"}
	code  = regexp.MustCompile("^`([a-zA-Z_][a-zA-Z0-9_]*)`$")
)

// Read returns the metrics of the tables in the file whose first columns are "metric",
// "type" and "labels". A cell may name several, separated by commas. A metric that is
// there twice is an error.
func Read(path string) ([]Metric, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	metrics, err := Parse(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return metrics, nil
}

// Parse is Read of the content. Errors begin with the number of the line.
func Parse(page string) ([]Metric, error) {
	var metrics []Metric
	seen := map[string]bool{}
	within, number := false, 0
	for line := range strings.Lines(page) {
		number++
		cells := row(line)
		switch {
		case len(cells) < 3:
			within = false
			continue
		case !within:
			within = cells[0] == "metric" && cells[1] == "type" && cells[2] == "labels"
			continue
		case strings.HasPrefix(cells[0], "---"):
			continue
		}
		of, err := parseRow(cells)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", number, err)
		}
		for _, m := range of {
			if seen[m.Name] {
				return nil, fmt.Errorf("%d: %s is there already", number, m.Name)
			}
			seen[m.Name] = true
		}
		metrics = append(metrics, of...)
	}
	return metrics, nil
}

// row gives the cells of a line of a table.
func row(line string) []string {
	line, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
	if !ok {
		return nil
	}
	cells := strings.Split(strings.TrimSuffix(line, "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

func parseRow(cells []string) ([]Metric, error) {
	if !slices.Contains(types, cells[1]) {
		return nil, fmt.Errorf("%q is none of the types %v", cells[1], types)
	}
	names, err := list(cells[0])
	if err != nil {
		return nil, err
	}
	var labels []string
	if cells[2] != "" {
		if labels, err = list(cells[2]); err != nil {
			return nil, err
		}
		slices.Sort(labels)
	}
	var metrics []Metric
	for _, name := range names {
		metrics = append(metrics, Metric{Name: name, Type: cells[1], Labels: labels})
	}
	return metrics, nil
}

// list reads names in code, separated by commas.
func list(cell string) ([]string, error) {
	var names []string
	for part := range strings.SplitSeq(cell, ",") {
		match := code.FindStringSubmatch(strings.TrimSpace(part))
		if match == nil {
			return nil, fmt.Errorf("%q is not a list of names in backquotes", cell)
		}
		names = append(names, match[1])
	}
	return names, nil
}
