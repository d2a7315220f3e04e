// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/chart"
	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
)

// acts plays the whole programme. What an act brought goes before the next begins, so that each starts without KEDA.
func (s *show) acts(ctx context.Context) error {
	var err error
	programme := s.programme()
	for i, plays := range programme {
		err = s.act(ctx, plays)
		switch {
		case ctx.Err() != nil && !s.Keep:
			s.steps.Note("interrupted: cleaning up. Interrupt again to stop at once, and clean up later with -clean")
		case err != nil:
			s.trouble(context.WithoutCancel(ctx), plays, err)
		}
		last := err != nil || i == len(programme)-1
		if s.Keep && last {
			s.keepNote(plays)
			return err
		}
		err = errors.Join(err, s.leave(context.WithoutCancel(ctx), plays))
		if err != nil {
			break
		}
	}
	return errors.Join(err, s.target.down(context.WithoutCancel(ctx)))
}

// act plays some stories at the same time. One that fails does not stop the others.
func (s *show) act(ctx context.Context, plays []*play) error {
	if err := each(plays, func(p *play) error { return p.stage(ctx) }); err != nil {
		return err
	}
	first := plays[0]
	if err := first.install(ctx); err != nil {
		return err
	}
	return each(plays, func(p *play) error {
		if p != first {
			if err := p.install(ctx); err != nil {
				return err
			}
		}
		workCtx, cancel := context.WithTimeout(ctx, workLimit)
		defer cancel()
		out, err := p.perform(workCtx, p)
		if err != nil {
			return fmt.Errorf("story %s: %w", p.name, err)
		}
		return p.report(out)
	})
}

// each does something for all plays at the same time.
func each(plays []*play, do func(*play) error) error {
	errs := make([]error, len(plays))
	var all sync.WaitGroup
	for i, p := range plays {
		all.Go(func() { errs[i] = do(p) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// install applies the configuration for the first time: one that has the installation, to a cluster without KEDA.
func (p *play) install(ctx context.Context) error {
	if p.installs {
		left, err := p.leftovers(ctx, []*play{p})
		if err != nil {
			return err
		}
		p.checks = append(p.checks, evidence.Check{Name: "the cluster had no KEDA before terraform apply", OK: len(left) == 0,
			Detail: "found: " + orNothing(left)})
	}
	if err := os.RemoveAll(p.workdir()); err != nil { // the state of a cluster that is gone
		return err
	}
	if err := p.terraform(ctx, applyLimit, "apply", nil); err != nil {
		return err
	}
	changes, err := p.plan(ctx)
	p.checks = append(p.checks, evidence.Check{Name: "after one terraform apply the plan is empty", OK: err == nil && changes == "",
		Detail: "changes: " + orNothing(strings.Fields(changes))})
	return err
}

func orNothing(all []string) string {
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// report shows the chart and the verdict of a story, in one piece.
func (p *play) report(out outcome) error {
	path := filepath.Join(p.Charts, "demo-"+p.name+".svg")
	if err := writeFile(path, chart.SVG(out.chart)); err != nil {
		return fmt.Errorf("write the chart: %w", err)
	}
	checks := slices.Concat(p.checks, out.checks)
	var b strings.Builder
	fmt.Fprintf(&b, "\nstory %s\n\n%s\n", p.name, chart.Terminal(out.chart, p.Columns))
	for _, check := range checks {
		fmt.Fprintf(&b, "%s %s\n    %s\n", mark(check.OK), check.Name, check.Detail)
	}
	fmt.Fprintf(&b, "\nchart: %s\n\n", path)
	if _, err := p.Out.Write([]byte(b.String())); err != nil {
		return err
	}
	for _, check := range checks {
		if !check.OK {
			return fmt.Errorf("story %s: %w: %s: %s", p.name, ErrNotHeld, check.Name, check.Detail)
		}
	}
	return nil
}

func mark(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}
