// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package ruletest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// seriesList is a storage of few series. It implements storage.Queryable and Querier.
type seriesList []series

type series struct {
	labels labels.Labels
	values []chunks.Sample
}

// sample is a value, in milliseconds from the beginning. It implements chunks.Sample.
type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                    { return s.at }
func (sample) ST() int64                     { return 0 }
func (s sample) F() float64                  { return s.value }
func (sample) H() *histogram.Histogram       { return nil }
func (sample) FH() *histogram.FloatHistogram { return nil }
func (sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample         { return s }

// parseSeries reads series whose values are interval apart.
func parseSeries(input []Series, interval time.Duration, p parser.Parser) (seriesList, error) {
	var list seriesList
	for _, s := range input {
		lset, values, err := p.ParseSeriesDesc(s.Series + " " + s.Values)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Series, err)
		}
		read := series{labels: lset}
		for i, v := range values {
			if !v.Omitted {
				read.values = append(read.values, sample{int64(i) * interval.Milliseconds(), v.Value})
			}
		}
		list = append(list, read)
	}
	return list, nil
}

func (l seriesList) Querier(int64, int64) (storage.Querier, error) { return l, nil }

// Select implements storage.Querier. Which of the values are in the range of a query
// is for the engine to find.
func (l seriesList) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	set := &selected{at: -1}
	for _, s := range l {
		if matches(s.labels, matchers) {
			set.series = append(set.series, s)
		}
	}
	slices.SortFunc(set.series, func(a, b series) int { return labels.Compare(a.labels, b.labels) })
	return set
}

func matches(of labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(of.Get(m.Name)) {
			return false
		}
	}
	return true
}

func (seriesList) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (seriesList) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (seriesList) Close() error { return nil }

// selected is the result of a Select.
type selected struct {
	series []series
	at     int
}

func (s *selected) Next() bool {
	s.at++
	return s.at < len(s.series)
}

func (s *selected) At() storage.Series {
	of := s.series[s.at]
	return storage.NewListSeries(of.labels, of.values)
}

func (*selected) Err() error { return nil }

func (*selected) Warnings() annotations.Annotations { return nil }
