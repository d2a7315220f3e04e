// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package demo shows the product at work on real input, on a real cluster, applied and destroyed by Terraform, and proves
// what it shows. What it shows are the stories of examples/stories.
//
// Run is the table of contents. story.go says what a story is and lists them; csvjobs.go, web.go, queues.go and
// fallback.go are the stories themselves. A target (dev_linux.go, current.go) is the cluster; build.go makes programs and
// images; act.go brings stories onto the cluster together: stage.go puts their workloads there, terraform.go applies
// their main.tf, scenes.go goes through what is done and what must come of it, with the facts of look.go, and
// leftovers.go shows that nothing stays. Package evidence judges, package chart draws. cmd/demo calls it, and `make demo`
// that.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/progress"
)

// Config says how to run the demo.
type Config struct {
	Root         string    // folder of the project, where it is built and where examples/ is
	Cluster      string    // "dev": a cluster of its own, needs root; "current": that of the current kubeconfig context
	Stories      []string  // names of the stories, see Names
	Keep         bool      // leave cluster, installation and workload as they are at the end
	Terraform    string    // program
	ImagesLoaded bool      // current: the images were already put onto the nodes by hand
	Charts       string    // folder to write the charts to
	Columns      int       // width of the terminal
	Out          io.Writer // everything that is shown
}

// Limits of the parts. On an idle machine each takes a fraction.
const (
	upLimit       = 5 * time.Minute // of building aside, which may take long the first time
	stageLimit    = 2 * time.Minute
	applyLimit    = 4 * time.Minute
	workLimit     = 5 * time.Minute
	teardownLimit = 4 * time.Minute
)

// ErrNotHeld is returned when everything ran but a check failed.
var ErrNotHeld = errors.New("the demo did not keep its promise")

// show is one run.
type show struct {
	Config
	target  target
	cache   string // folder of the demo in the project's cache folder
	steps   *progress.Steps
	stories []story
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
	if err := s.acts(ctx); err != nil || c.Keep {
		return err
	}
	s.steps.Note("everything held")
	return nil
}

// Clean removes what a run with Keep, or one that was killed, has left.
func Clean(ctx context.Context, c Config) error {
	c.Stories = Names()
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
	return errors.Join(s.leave(ctx, s.remembered()), s.target.down(ctx))
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
	c.Out = &together{to: c.Out}
	s := &show{Config: c, cache: filepath.Join(cache, "demo", c.Cluster), steps: progress.New(c.Out, 0)}
	if s.stories, err = choose(c.Stories); err != nil {
		return nil, err
	}
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
	s.steps.Note("the demo writes to %s and %s", s.cache, s.Charts)
	if err := s.target.check(ctx, s.namespaces()); err != nil {
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

// namespaces are all that this run makes.
func (s *show) namespaces() []string {
	all := []string{kedaNamespace}
	for _, st := range s.stories {
		all = append(all, st.namespace)
	}
	return slices.Sorted(slices.Values(all))
}

func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// together lets stories that run side by side write whole lines.
type together struct {
	mu sync.Mutex
	to io.Writer
}

func (w *together) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
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
