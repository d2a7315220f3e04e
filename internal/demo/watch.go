// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
)

// quietly is how often a line is shown while nothing changes.
const quietly = 10 * time.Second

// work lets the generator run and follows the work until all of it is done and the consumer is back at 0.
func (s *show) work(ctx context.Context) (run evidence.Run, err error) {
	ctx, cancel := context.WithTimeout(ctx, workLimit)
	defer cancel()
	ledger, err := s.watchJobs(ctx)
	if err != nil {
		return run, err
	}
	begin := time.Now()
	first, err := s.sample(ctx, begin, ledger)
	if err != nil {
		return run, err
	}
	s.steps.Note("a generator Job writes %d CSVs of %d rows and pushes their names onto csvs-to-process", promise.Files, promise.Rows)
	if err := s.applyFile(ctx, "generator.yaml"); err != nil {
		return run, err
	}
	if run.Timeline, err = s.follow(ctx, begin, first, ledger); err != nil {
		return run, err
	}
	s.steps.Note("all is quiet: reading every file and ledger again")
	run.Jobs, run.MostJobs = ledger.read()
	return run, s.ask(ctx, "evidence", &run.Evidence)
}

// follow samples the work once a second, the first sample given, and shows what changes.
func (s *show) follow(ctx context.Context, begin time.Time, first evidence.Point, ledger *jobLedger) ([]evidence.Point, error) {
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
		if err := s.generatorFailed(ctx); err != nil {
			return points, err
		}
		p, err := s.sample(ctx, begin, ledger)
		if err != nil {
			s.steps.Note("cannot look: %v", err)
			continue
		}
		points = append(points, p)
		if text := words(p); text != shown || time.Since(at) >= quietly {
			s.steps.Note("%s", text)
			shown, at = text, time.Now()
		}
		if over(p) {
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

func (s *show) sample(ctx context.Context, begin time.Time, ledger *jobLedger) (p evidence.Point, err error) {
	if p.Lengths, err = s.lengths(ctx); err != nil {
		return p, err
	}
	d, err := s.kube.AppsV1().Deployments(namespace).Get(ctx, consumerName, metav1.GetOptions{})
	if err != nil {
		return p, err
	}
	if d.Spec.Replicas != nil {
		p.Replicas = int(*d.Spec.Replicas)
	}
	p.Ready = int(d.Status.ReadyReplicas)
	p.Jobs, p.Finished = ledger.count()
	p.At = time.Since(begin)
	return p, nil
}

func (s *show) generatorFailed(ctx context.Context) error {
	job, err := s.kube.BatchV1().Jobs(namespace).Get(ctx, generatorName, metav1.GetOptions{})
	if err == nil && hasCondition(job, batchv1.JobFailed) {
		return fmt.Errorf("the generator Job failed: its files are incomplete")
	}
	return nil // it is looked at again in a second
}

func (s *show) lengths(ctx context.Context) (l evidence.Lengths, err error) {
	return l, s.ask(ctx, "lengths", &l)
}

// ask gets an answer of the observer, by way of the API server: that works wherever the kubeconfig does.
func (s *show) ask(ctx context.Context, path string, into any) error {
	answer, err := s.kube.CoreV1().Services(namespace).ProxyGet("http", "observer", "http", path, nil).DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("ask the observer for its %s: %w: %.300s", path, err, answer)
	}
	return json.Unmarshal(answer, into)
}
