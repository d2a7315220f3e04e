// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/chart"
	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
)

// Names in examples/stories/csv-jobs.
const (
	consumerName  = "report-consumer"
	processorName = "csv-processor"
	generatorName = "csv-generator"
)

// promise is what the example declares: main.tf, generator.yaml and the brief of the story.
var promise = evidence.Promise{Files: 180, Rows: 200, MaxJobs: 5, MinPeak: 3, MaxConsumers: 10}

// quietly is how often a line is shown while nothing changes.
const quietly = 10 * time.Second

// csvJobs is story 1: CSV files processed by Jobs, and a Deployment for what they produce.
func csvJobs() story {
	return story{
		name: "csv-jobs", namespace: "csv-demo", alone: true, volume: true,
		scaler:  "Redis, an observer, and a consumer with 0 replicas",
		images:  []string{csvdemoImage},
		publics: []string{redisPublic},
		settings: func(_ *play, node map[string]string) map[string]any {
			images := installationImages()
			images["csvdemo"] = csvdemoImage
			return map[string]any{"images": images, "node_selector": node}
		},
		ready: func(p *play) fact {
			return func(ctx context.Context) (string, bool, error) {
				_, err := p.lengths(ctx)
				return "the observer", err == nil, err
			}
		},
		perform: func(ctx context.Context, p *play) (outcome, error) {
			run, err := p.process(ctx)
			return outcome{evidence.Verify(run, promise), picture(run)}, err
		},
	}
}

// process lets the generator run and follows the work until all of it is done and the consumer is back at 0.
func (p *play) process(ctx context.Context) (run evidence.Run, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ledger, err := p.watchJobs(ctx)
	if err != nil {
		return run, err
	}
	begin := time.Now()
	first, err := p.sample(ctx, begin, ledger)
	if err != nil {
		return run, err
	}
	p.note("a generator Job writes %d CSVs of %d rows and pushes their names onto csvs-to-process", promise.Files, promise.Rows)
	if err := p.applyFile(ctx, "generator.yaml"); err != nil {
		return run, err
	}
	if run.Timeline, err = p.follow(ctx, begin, first, ledger); err != nil {
		return run, err
	}
	p.note("all is quiet: reading every file and ledger again")
	run.Jobs, run.MostJobs = ledger.read()
	return run, p.ask(ctx, "observer", "http", "evidence", &run.Evidence)
}

// follow samples the work once a second, the first sample given, and shows what changes.
func (p *play) follow(ctx context.Context, begin time.Time, first evidence.Point, ledger *jobLedger) ([]evidence.Point, error) {
	points := []evidence.Point{first}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	shown, at := "", time.Now()
	for {
		select {
		case <-ctx.Done():
			return points, fmt.Errorf("the work is not done: %w; last seen: %s", ctx.Err(), words(points[len(points)-1]))
		case <-tick.C:
		}
		if p.jobFailed(ctx, generatorName) {
			return points, fmt.Errorf("the Job %s failed: its files are incomplete", generatorName)
		}
		point, err := p.sample(ctx, begin, ledger)
		if err != nil {
			p.note("cannot look: %v", err)
			continue
		}
		points = append(points, point)
		if text := words(point); text != shown || time.Since(at) >= quietly {
			p.note("%s", text)
			shown, at = text, time.Now()
		}
		if over(point) {
			return points, nil
		}
	}
}

// over says that the work is done and everybody has gone home.
func over(p evidence.Point) bool {
	l := p.Lengths
	return l.CSVsDone >= promise.Files && l.ReportsDone >= promise.Files && p.Jobs == 0 && p.Replicas == 0 && p.Ready == 0
}

func words(p evidence.Point) string {
	l := p.Lengths
	return fmt.Sprintf("CSVs %3d waiting %3d done │ Jobs %d running %2d finished │ reports %3d waiting %3d done │ consumer %2d/%-2d ready",
		l.CSVsWaiting, l.CSVsDone, p.Jobs, p.Finished, l.ReportsWaiting, l.ReportsDone, p.Ready, p.Replicas)
}

func (p *play) sample(ctx context.Context, begin time.Time, ledger *jobLedger) (point evidence.Point, err error) {
	if point.Lengths, err = p.lengths(ctx); err != nil {
		return point, err
	}
	if point.Replicas, point.Ready, err = p.count(ctx, consumerName); err != nil {
		return point, err
	}
	point.Jobs, point.Finished = ledger.count()
	point.At = time.Since(begin)
	return point, nil
}

// jobFailed looks whether a Job has failed for good. Where it cannot be read, it is looked at again soon.
func (p *play) jobFailed(ctx context.Context, name string) bool {
	job, err := p.kube.BatchV1().Jobs(p.namespace).Get(ctx, name, metav1.GetOptions{})
	return err == nil && hasCondition(job, batchv1.JobFailed)
}

func (p *play) lengths(ctx context.Context) (l evidence.Lengths, err error) {
	return l, p.ask(ctx, "observer", "http", "lengths", &l)
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
