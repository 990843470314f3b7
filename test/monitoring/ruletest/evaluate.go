// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package ruletest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/template"
)

// evaluation follows an alert from the beginning on.
type evaluation struct {
	rule   rulefmt.Rule
	source seriesList
	every  time.Duration
}

// active is an alert that is pending or fires.
type active struct {
	since time.Duration
	value promql.Sample
}

// firing is what fires at a time.
func (e *evaluation) firing(ctx context.Context, at time.Duration) ([]Firing, error) {
	if e.every <= 0 {
		return nil, errors.New("evaluation_interval is not set")
	}
	if e.rule.KeepFiringFor != 0 {
		return nil, errors.New("keep_firing_for is not supported here")
	}
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute})
	defer engine.Close()
	state := map[uint64]active{}
	for now := time.Duration(0); now <= at; now += e.every {
		vector, err := e.query(ctx, engine, now)
		if err != nil {
			return nil, err
		}
		next := make(map[uint64]active, len(vector))
		for _, sample := range vector {
			key := sample.Metric.Hash()
			since := now
			if before, ok := state[key]; ok {
				since = before.since
			}
			next[key] = active{since: since, value: sample}
		}
		state = next
	}
	var all []Firing
	for _, a := range state {
		if at-a.since >= time.Duration(e.rule.For) {
			f, err := e.alert(ctx, a.value)
			if err != nil {
				return nil, err
			}
			all = append(all, f)
		}
	}
	return all, nil
}

func (e *evaluation) query(ctx context.Context, engine *promql.Engine, at time.Duration) (promql.Vector, error) {
	query, err := engine.NewInstantQuery(ctx, e.source, nil, e.rule.Expr, time.UnixMilli(at.Milliseconds()))
	if err != nil {
		return nil, err
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return nil, result.Err
	}
	vector, err := result.Vector()
	if err != nil {
		return nil, fmt.Errorf("the expression of an alert gives series: %w", err)
	}
	copied := make(promql.Vector, len(vector)) // of which Close takes the memory
	copy(copied, vector)
	return copied, nil
}

// alert is what is sent to an Alertmanager of a sample.
func (e *evaluation) alert(ctx context.Context, sample promql.Sample) (Firing, error) {
	of := sample.Metric.Map()
	delete(of, model.MetricNameLabel)
	f := Firing{Labels: maps.Clone(of), Annotations: map[string]string{}}
	expand := func(text string) (string, error) {
		const definitions = "{{$labels := .Labels}}{{$value := .Value}}"
		data := template.AlertTemplateData(of, nil, "", sample)
		expander := template.NewTemplateExpander(ctx, definitions+text, e.rule.Alert, data, 0, nil, &url.URL{}, nil)
		return expander.Expand()
	}
	var err error
	for name, text := range e.rule.Labels {
		if f.Labels[name], err = expand(text); err != nil {
			return f, err
		}
	}
	for name, text := range e.rule.Annotations {
		if f.Annotations[name], err = expand(text); err != nil {
			return f, err
		}
	}
	return f, nil
}
