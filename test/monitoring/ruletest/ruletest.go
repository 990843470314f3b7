// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ruletest runs tests of alerts that are written as "promtool test rules" reads
// them, with Prometheus' own parser and engine and without its storage, which would be
// most of what has to be compiled. Of the format it knows what tests of alerts need.
package ruletest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// File is a file of tests.
type File struct {
	RuleFiles          []string       `yaml:"rule_files"`
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	Tests              []Test         `yaml:"tests"`

	rules map[string]rulefmt.Rule // alerts by name
}

// Test is what is measured, and what alerts are expected of it.
type Test struct {
	Name     string         `yaml:"name"`
	Interval model.Duration `yaml:"interval"`
	Input    []Series       `yaml:"input_series"`
	Alerts   []Alert        `yaml:"alert_rule_test"`
}

// Series is a series as in Series, with values at each interval from 0 on.
type Series struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

// Alert is what an alert should be at a time: exactly these, or none.
type Alert struct {
	At       model.Duration `yaml:"eval_time"`
	Name     string         `yaml:"alertname"`
	Expected []Firing       `yaml:"exp_alerts"`
}

// Firing is an alert that fires, without the label alertname.
type Firing struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

// Read reads a file and the rules that it names.
func Read(path string, p parser.Parser) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	file := File{rules: map[string]rulefmt.Rule{}}
	decoder := yaml.NewDecoder(f)
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, rules := range file.RuleFiles {
		groups, errs := rulefmt.ParseFile(filepath.Join(filepath.Dir(path), rules), false, model.UTF8Validation, p, slog.New(slog.DiscardHandler))
		for _, err := range errs {
			return nil, err
		}
		for _, group := range groups.Groups {
			for _, rule := range group.Rules {
				file.rules[rule.Alert] = rule
			}
		}
	}
	return &file, nil
}

// Run says in what the alerts differ from what the test expects.
func (f *File) Run(ctx context.Context, t *Test, p parser.Parser) []error {
	interval := time.Duration(t.Interval)
	if interval == 0 {
		interval = time.Duration(f.EvaluationInterval)
	}
	source, err := parseSeries(t.Input, interval, p)
	if err != nil {
		return []error{fmt.Errorf("%s: %w", t.Name, err)}
	}
	var errs []error
	for i := range t.Alerts {
		want := &t.Alerts[i]
		if err := f.check(ctx, want, source); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s at %s: %w", t.Name, want.Name, want.At, err))
		}
	}
	return errs
}

func (f *File) check(ctx context.Context, want *Alert, source seriesList) error {
	rule, ok := f.rules[want.Name]
	if !ok {
		return fmt.Errorf("there is no such alert")
	}
	e := evaluation{rule: rule, source: source, every: time.Duration(f.EvaluationInterval)}
	firing, err := e.firing(ctx, time.Duration(want.At))
	if err != nil {
		return err
	}
	expected := make([]string, 0, len(want.Expected))
	for _, alert := range want.Expected {
		expected = append(expected, describe(alert))
	}
	got := make([]string, 0, len(firing))
	for _, alert := range firing {
		got = append(got, describe(alert))
	}
	slices.Sort(expected)
	slices.Sort(got)
	if !slices.Equal(expected, got) {
		return fmt.Errorf("want %q, got %q", expected, got)
	}
	return nil
}

func describe(f Firing) string {
	return labels.FromMap(f.Labels).String() + " " + labels.FromMap(f.Annotations).String()
}
