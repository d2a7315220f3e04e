// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// bench is a real Redis and an empty volume.
func bench(t *testing.T) (settings, *redis.Client) {
	t.Helper()
	server := source.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Address})
	t.Cleanup(func() { _ = client.Close() })
	return settings{data: t.TempDir(), worker: "first", files: 5, rows: 20, limit: time.Minute, log: io.Discard}, client
}

func TestFilesGoThroughOnce(t *testing.T) {
	s, c := bench(t)
	ctx := t.Context()
	must(t, generate(ctx, s, c))
	for _, job := range []string{"job-a", "job-b", "job-c"} {
		s.worker, s.files = job, 2
		must(t, process(ctx, s, c))
	}
	got := gathered(t, s, c)
	if l := got.Lengths; l.CSVsWaiting != 0 || l.CSVsInWork != 0 || l.CSVsDone != 5 || l.ReportsWaiting != 5 {
		t.Errorf("after processing: %+v", l)
	}
	stopped, stop := context.WithCancel(ctx)
	consumed := make(chan error, 1)
	go func() { consumed <- consume(stopped, s, c) }()
	await(t, func() bool { return gathered(t, s, c).Lengths.ReportsDone == 5 })
	stop()
	must(t, <-consumed)

	run := evidence.Run{Evidence: gathered(t, s, c)}
	checks := evidence.Verify(run, evidence.Promise{Files: 5, Rows: 20})
	for _, check := range checks[:5] { // those about files and ledgers
		if !check.OK {
			t.Errorf("%s: %s", check.Name, check.Detail)
		}
	}
	by := map[string]int{}
	for _, e := range run.Evidence.Processed {
		by[e.By]++
	}
	if by["job-a"] != 2 || by["job-b"] != 2 || by["job-c"] != 1 {
		t.Errorf("batches of two were not kept: %v", by)
	}
}

func TestCrashedWorkIsDoneAgainByTheSameWorkerOnly(t *testing.T) {
	s, c := bench(t)
	ctx := t.Context()
	must(t, c.RPush(ctx, csvs.waiting, "20260101.csv", "20260102.csv").Err())
	name, err := csvs.take(ctx, c, "crashed") // and never finished
	must(t, err)
	if other, err := csvs.take(ctx, c, "other"); err != nil || other == name {
		t.Fatalf("another worker took %q, %v", other, err)
	}
	if again, err := csvs.take(ctx, c, "crashed"); err != nil || again != name {
		t.Fatalf("the worker took %q, %v after its crash, want %q", again, err, name)
	}
	must(t, csvs.finish(ctx, c, evidence.Entry{Name: name, By: "crashed"}))
	if err := csvs.finish(ctx, c, evidence.Entry{Name: name, By: "crashed"}); err == nil {
		t.Error("the same work was finished twice")
	}
	if entries, err := csvs.entries(ctx, c); err != nil || len(entries) != 1 {
		t.Errorf("ledger: %v, %v", entries, err)
	}
	if l := gathered(t, s, c).Lengths; l.CSVsInWork != 1 {
		t.Errorf("lengths: %+v, want the other worker's file in work", l)
	}
}

func TestProcessorsTakeNoMoreAfterTheirTime(t *testing.T) {
	s, c := bench(t)
	must(t, generate(t.Context(), s, c))
	s.limit = 0
	must(t, process(t.Context(), s, c))
	if l := gathered(t, s, c).Lengths; l.CSVsWaiting != 5 {
		t.Errorf("lengths: %+v", l)
	}
}

func TestABrokenFileFailsTheJobAndStaysInWork(t *testing.T) {
	s, c := bench(t)
	must(t, generate(t.Context(), s, c))
	must(t, os.WriteFile(rawPath(s.data, "20260101.csv"), []byte("timestamp,item,quantity\n2026-01-01T00:00:00Z,6,1\n"), 0o644))
	if err := process(t.Context(), s, c); err == nil || !strings.Contains(err.Error(), "item 6") {
		t.Errorf("process = %v, want an error about item 6", err)
	}
	waiting, hands, done, err := csvs.counts(t.Context(), c)
	if waiting != 4 || hands != 1 || done != 0 || err != nil {
		t.Errorf("%d waiting, %d in work, %d done, %v", waiting, hands, done, err)
	}
}

func TestSalesAreTheSameEachTime(t *testing.T) {
	var text strings.Builder
	must(t, writeRaw(&text, salesOf(firstDay, 3)))
	const want = "timestamp,item,quantity\n"
	if !strings.HasPrefix(text.String(), want) || strings.Count(text.String(), "\n") != 4 {
		t.Fatalf("file:\n%s", text.String())
	}
	var again strings.Builder
	must(t, writeRaw(&again, salesOf(firstDay, 3)))
	if again.String() != text.String() {
		t.Error("two runs differ")
	}
	q, rows, err := sum(strings.NewReader(text.String()), rawHeader)
	must(t, err)
	var aggregated strings.Builder
	must(t, writeAggregated(&aggregated, q))
	if same, _, err := sum(strings.NewReader(aggregated.String()), aggregatedHeader); err != nil || same != q || rows != 3 {
		t.Errorf("%v of %d rows became %v, %v", q, rows, same, err)
	}
}

// gathered asks the observer's server.
func gathered(t *testing.T, s settings, c *redis.Client) (e evidence.Evidence) {
	t.Helper()
	w := httptest.NewRecorder()
	handler(s, c).ServeHTTP(w, httptest.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, "/evidence", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("observer: %d %s", w.Code, w.Body)
	}
	must(t, json.NewDecoder(w.Body).Decode(&e))
	return e
}

func await(t *testing.T, done func() bool) {
	t.Helper()
	deadline, tick := time.After(20*time.Second), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatal("not done after 20 s")
		case <-tick.C:
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
