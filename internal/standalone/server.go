// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"fmt"
	"slices"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/manifest"
)

// Server serves files and goes on serving them as they change.
type Server struct {
	Loader  *manifest.Loader
	Options Options
	Runtime Runtime
	// Report is called after the files were read for the first time, and after
	// each change. May be nil.
	Report func(Report)

	good lastGood
}

// Report tells what became of the files.
type Report struct {
	// First is set for the first report, when all objects are new.
	First bool
	// Translation of the files as they are now.
	Translation *Translation
	// Served is what is served now, nil before anything is.
	Served *config.Config
	// Changes of objects since the last report.
	Changes Changes
	// Problems of files, objects and listeners.
	Problems []manifest.Problem
	// Err is why the configuration as a whole could not be applied. What was
	// served before goes on.
	Err error
}

// Run serves until ctx ends. It returns an error if nothing can be served to begin
// with; Report was called then, too.
func (s *Server) Run(ctx context.Context) error {
	watch, err := newWatcher(s.Loader.Paths)
	if err != nil {
		return fmt.Errorf("watching files: %w", err)
	}
	defer func() { _ = watch.close() }()

	s.good = lastGood{}
	var last Report
	for first := true; ; first = false {
		report := s.load(ctx, watch, last)
		report.First = first
		if s.Report != nil && (first || news(last, report)) {
			s.Report(report)
		}
		if first && (report.Err != nil || !report.Translation.Serves() || len(report.Served.Listeners) == 0) {
			if report.Err != nil {
				return report.Err
			}
			return ErrNothing
		}
		last = report
		if watch.wait(ctx) != nil {
			return nil
		}
	}
}

// load reads, translates and applies once.
func (s *Server) load(ctx context.Context, watch *watcher, last Report) Report {
	listing := manifest.List(s.Loader.Paths)
	watchErr := watch.follow(listing.Files, listing.Folders)
	set := s.Loader.Load(ctx)
	if !slices.Equal(set.Files, listing.Files) || !slices.Equal(set.Folders, listing.Folders) {
		watchErr = watch.follow(set.Files, set.Folders)
	}

	report := Report{Served: last.Served}
	var before *manifest.Set
	if last.Translation != nil {
		before = last.Translation.Set
	}
	report.Translation = Translate(set, s.Options)
	s.good.keep(report.Translation, s.Options)
	report.Changes = Compare(before, set)
	report.Problems = report.Translation.Problems()
	if watchErr != nil {
		report.Problems = append(report.Problems, manifest.Problem{
			Message: fmt.Sprintf("changes are noticed only every %s: %v", rescan, watchErr),
		})
	}
	if sameConfig(last, report) {
		s.good.record(report.Translation, report.Served)
		return report
	}
	served, refused, err := apply(ctx, s.Runtime, report.Translation)
	report.Problems = append(report.Problems, refused...)
	report.Err = err
	if err == nil {
		report.Served = served
		s.good.record(report.Translation, served)
	}
	return report
}

// sameConfig tells whether now's configuration is served whole since last. If a part
// of it was refused, trying again may help: a port may have become free.
func sameConfig(last, now Report) bool {
	if last.Served == nil || last.Err != nil || last.Served.Version != last.Translation.Config.Version {
		return false
	}
	before, after := last.Translation.Config, now.Translation.Config
	return before.Version == after.Version && config.EndpointsVersion(before) == config.EndpointsVersion(after)
}

// news tells whether there is anything to report.
func news(last, now Report) bool {
	return !now.Changes.Empty() || !slices.Equal(last.Problems, now.Problems) || fmt.Sprint(last.Err) != fmt.Sprint(now.Err)
}
