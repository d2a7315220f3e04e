// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/chart"
	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
)

// fact looks once and says what it saw and whether that is what was to be seen. With an error nothing was seen.
type fact func(ctx context.Context) (seen string, holds bool, err error)

// scene is one thing that is done and what must come of it.
type scene struct {
	name   string                      // what must come of it, a sentence
	begin  func(context.Context) error // what is done; nil is nothing
	holds  fact
	within time.Duration // from the end of begin
	stays  time.Duration // how long it must go on to hold
}

// sequence plays scenes one after the other. After one that fails the rest is not tried: it would build on sand. An error
// is one of begin.
func (p *play) sequence(ctx context.Context, scenes []scene) ([]evidence.Check, error) {
	var checks []evidence.Check
	failed := false
	for _, sc := range scenes {
		if failed {
			checks = append(checks, evidence.Check{Name: sc.name, Detail: "not tried"})
			continue
		}
		if sc.begin != nil {
			if err := sc.begin(ctx); err != nil {
				return checks, err
			}
		}
		check := watch(ctx, sc)
		p.note("%s %s: %s", mark(check.OK), sc.name, check.Detail)
		checks = append(checks, check)
		failed = !check.OK
	}
	return checks, nil
}

// pace is how often a scene looks.
const pace = 500 * time.Millisecond

// watch waits until a scene's fact holds, and as long as it must stay.
func watch(ctx context.Context, sc scene) evidence.Check {
	begin := time.Now()
	waitCtx, cancel := context.WithTimeout(ctx, sc.within)
	defer cancel()
	var seen string
	var last error // why nothing was seen
	err := poll(waitCtx, sc.name, func(ctx context.Context) (bool, error) {
		text, holds, err := sc.holds(ctx)
		if ctx.Err() == nil {
			seen, last = text, err
		}
		return holds && err == nil, err
	})
	if err != nil {
		return evidence.Check{Name: sc.name, Detail: fmt.Sprintf("not within %s; last seen: %s", sc.within, orError(seen, last))}
	}
	took := time.Since(begin).Round(time.Second)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for end := time.Now().Add(sc.stays); time.Now().Before(end); <-tick.C {
		still, holds, err := sc.holds(ctx)
		if err != nil || !holds {
			return evidence.Check{Name: sc.name, Detail: fmt.Sprintf("it did after %s, but not for %s: %s", took, sc.stays, orError(still, err))}
		}
	}
	detail := fmt.Sprintf("after %s: %s", took, seen)
	if sc.stays > 0 {
		detail += fmt.Sprintf(", and so for %s", sc.stays)
	}
	return evidence.Check{Name: sc.name, OK: true, Detail: detail}
}

func orError(seen string, err error) string {
	if err != nil {
		return err.Error()
	}
	return seen
}

// all holds when every fact does.
func all(facts ...fact) fact {
	return func(ctx context.Context) (string, bool, error) {
		var seen []string
		hold := true
		for _, f := range facts {
			text, ok, err := f(ctx)
			if err != nil {
				return strings.Join(seen, ", "), false, err
			}
			seen = append(seen, text)
			hold = hold && ok
		}
		return strings.Join(seen, ", "), hold, nil
	}
}

// instrument is what a chart draws: a number, and the replicas of a Deployment that follow it.
type instrument struct {
	value, deployment string // names; the value's as the chart is to show it
	limit             int    // of the replicas
	read              func(ctx context.Context) (float64, error)
}

// recorder samples instruments once a second.
type recorder struct {
	play        *play
	instruments []instrument
	mu          sync.Mutex
	times       []time.Duration
	values      [][]float64 // by instrument
	replicas    [][]float64
}

// record samples until ctx ends.
func (p *play) record(ctx context.Context, instruments ...instrument) *recorder {
	r := &recorder{play: p, instruments: instruments, values: make([][]float64, len(instruments)), replicas: make([][]float64, len(instruments))}
	begin := time.Now()
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for ctx.Err() == nil {
			r.sample(ctx, begin)
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	return r
}

// sample takes one point of every instrument. A value that cannot be read, because its source is dead, is drawn as 0; what
// must hold is not judged by the chart.
func (r *recorder) sample(ctx context.Context, begin time.Time) {
	values, replicas := make([]float64, len(r.instruments)), make([]float64, len(r.instruments))
	for i, in := range r.instruments {
		values[i], _ = in.read(ctx)
		asked, _, err := r.play.count(ctx, in.deployment)
		if err != nil {
			return
		}
		replicas[i] = float64(asked)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times = append(r.times, time.Since(begin))
	for i := range r.instruments {
		r.values[i], r.replicas[i] = append(r.values[i], values[i]), append(r.replicas[i], replicas[i])
	}
}

// course is how the replicas of an instrument changed, and the most that there were.
func (r *recorder) course(i int) (words string, most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var points []evidence.Point
	for k, n := range r.replicas[i] {
		points = append(points, evidence.Point{At: r.times[k], Replicas: int(n)})
		most = max(most, int(n))
	}
	return evidence.Course(points), most
}

// picture is the chart of what was recorded.
func (r *recorder) picture(title string) chart.Chart {
	c := chart.Chart{Title: title}
	if len(r.instruments) == 1 { // of more there is no room
		words, _ := r.course(0)
		c.Subtitle = "replicas: " + words
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.Times = r.times
	for i, in := range r.instruments {
		c.Panels = append(c.Panels, chart.Panel{
			Queue:   chart.Series{Name: in.value, Values: r.values[i]},
			Workers: chart.Series{Name: fmt.Sprintf("replicas of %s (at most %d)", in.deployment, in.limit), Values: r.replicas[i], Limit: float64(in.limit)},
		})
	}
	return c
}
