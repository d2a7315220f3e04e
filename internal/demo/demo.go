// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package demo shows the product at work on real input: story 1 (CSV files processed by Jobs) and a scaled object side
// by side, on a real cluster, applied and destroyed by Terraform, and proves what it shows.
//
// Run is the table of contents. A target (dev_linux.go, current.go) is the cluster; build.go makes programs and images;
// stage.go puts the workload of examples/stories/csv-jobs into the cluster; terraform.go applies main.tf of that
// folder; watch.go follows the work; package evidence judges it and package chart draws it; leftovers.go shows that
// nothing stays. cmd/demo calls it, and `make demo` that.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/chart"
	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/progress"
)

// Config says how to run the demo.
type Config struct {
	Root         string    // folder of the project, where it is built and where examples/ is
	Cluster      string    // "dev": a cluster of its own, needs root; "current": that of the current kubeconfig context
	Keep         bool      // leave cluster, installation and workload as they are at the end
	Terraform    string    // program
	ImagesLoaded bool      // current: the images were already put onto the nodes by hand
	Chart        string    // file to write the chart to
	Columns      int       // width of the terminal
	Out          io.Writer // everything that is shown
}

// promise is what the example declares: main.tf, generator.yaml and the brief of the story.
var promise = evidence.Promise{Files: 180, Rows: 200, MaxJobs: 5, MinPeak: 3, MaxConsumers: 10}

// Limits of the parts. On an idle machine each takes a fraction.
const (
	upLimit       = 5 * time.Minute // of building aside, which may take long the first time
	stageLimit    = 2 * time.Minute
	applyLimit    = 4 * time.Minute
	workLimit     = 4 * time.Minute
	teardownLimit = 3 * time.Minute
)

// ErrNotHeld is returned when everything ran but a check failed.
var ErrNotHeld = errors.New("the demo did not keep its promise")

// show is one run.
type show struct {
	Config
	target target
	cache  string // folder of the demo in the project's cache folder
	steps  *progress.Steps
	*clients
	built images
}

// Run runs the demo. Its error is nil only when every promise was kept and nothing was left behind.
func Run(ctx context.Context, c Config) error {
	s, err := newShow(c)
	if err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	err = s.perform(ctx)
	switch {
	case ctx.Err() != nil && !c.Keep:
		s.steps.Note("interrupted: cleaning up. Interrupt again to stop at once, and clean up later with -clean")
	case err != nil:
		s.trouble(context.WithoutCancel(ctx), err)
	}
	if c.Keep {
		s.keepNote()
		return err
	}
	if err := errors.Join(err, s.leave(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	s.steps.Note("everything held")
	return nil
}

// Clean removes what a run with Keep, or one that was killed, has left.
func Clean(ctx context.Context, c Config) error {
	s, err := newShow(c)
	if err != nil {
		return err
	}
	if err := s.target.attach(ctx); err != nil {
		return err
	}
	if s.clients, err = connect(s.target); err != nil {
		return err
	}
	return s.leave(ctx)
}

// Build only makes the programs and images, into the cache folder.
func Build(ctx context.Context, c Config) error {
	s, err := newShow(c)
	if err != nil {
		return err
	}
	built, err := s.build(ctx)
	if err != nil {
		return err
	}
	for _, archive := range built.archives() {
		s.steps.Note("%s", archive)
	}
	return nil
}

func newShow(c Config) (*show, error) {
	cache, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	s := &show{Config: c, cache: filepath.Join(cache, "demo", c.Cluster), steps: progress.New(c.Out, 0)}
	if s.target, err = newTarget(c, s.cache, s.steps); err != nil {
		return nil, err
	}
	return s, os.MkdirAll(s.cache, 0o755)
}

// prepare builds, brings the cluster up and refuses one that it would harm. It leaves nothing of its own in the cluster.
func (s *show) prepare(ctx context.Context) (err error) {
	if err := s.findTerraform(); err != nil {
		return err
	}
	s.steps.Note("the demo writes to %s and %s", s.cache, s.Chart)
	if err := s.target.check(ctx); err != nil {
		return err
	}
	if s.built, err = s.build(ctx); err != nil {
		return err
	}
	upCtx, cancel := context.WithTimeout(ctx, upLimit)
	defer cancel()
	if err := s.target.up(upCtx, s.built); err != nil {
		return err
	}
	if s.clients, err = connect(s.target); err == nil {
		err = s.refuseOccupied(ctx)
	}
	if err != nil {
		return errors.Join(err, s.target.down(context.WithoutCancel(ctx)))
	}
	return nil
}

// perform is the demo proper.
func (s *show) perform(ctx context.Context) error {
	if err := s.stage(ctx); err != nil {
		return err
	}
	if err := s.terraform(ctx, applyLimit, "apply"); err != nil {
		return err
	}
	run, err := s.work(ctx)
	if err != nil {
		return err
	}
	return s.report(run)
}

// report shows the chart and the verdict.
func (s *show) report(run evidence.Run) error {
	c := picture(run)
	if err := writeFile(s.Chart, chart.SVG(c)); err != nil {
		return fmt.Errorf("write the chart: %w", err)
	}
	fmt.Fprintf(s.Out, "\n%s\n", chart.Terminal(c, s.Columns))
	checks := evidence.Verify(run, promise)
	for _, check := range checks {
		fmt.Fprintf(s.Out, "%s %s\n    %s\n", mark(check.OK), check.Name, check.Detail)
	}
	fmt.Fprintf(s.Out, "\nchart: %s\n\n", s.Chart)
	if !evidence.Held(checks) {
		return ErrNotHeld
	}
	return nil
}

// picture is the chart of a run.
func picture(run evidence.Run) chart.Chart {
	csvs := chart.Panel{Queue: chart.Series{Name: "CSVs waiting"}, Workers: chart.Series{Name: "Jobs (at most 5)", Limit: float64(promise.MaxJobs)}}
	reports := chart.Panel{Queue: chart.Series{Name: "reports waiting"}, Workers: chart.Series{Name: "consumer replicas (at most 10)", Limit: float64(promise.MaxConsumers)}}
	c := chart.Chart{Title: "Queue length and who works on it", Subtitle: fmt.Sprintf("%d CSVs processed by %d Jobs; replicas of the consumer: %s",
		run.Evidence.Lengths.CSVsDone, len(run.Jobs), evidence.Course(run.Timeline))}
	for _, p := range run.Timeline {
		c.Times = append(c.Times, p.At)
		csvs.Queue.Values = append(csvs.Queue.Values, float64(p.Lengths.CSVsWaiting))
		csvs.Workers.Values = append(csvs.Workers.Values, float64(p.Jobs))
		reports.Queue.Values = append(reports.Queue.Values, float64(p.Lengths.ReportsWaiting))
		reports.Workers.Values = append(reports.Workers.Values, float64(p.Replicas))
	}
	c.Panels = []chart.Panel{csvs, reports}
	return c
}

func mark(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}

func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// indented passes lines on with a mark before them, to set the words of other programs apart.
type indented struct{ to io.Writer }

func (w indented) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		if _, err := fmt.Fprintf(w.to, "         │ %s\n", strings.TrimRight(line, "\n")); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
