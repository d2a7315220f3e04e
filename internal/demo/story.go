// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/chart"
	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
)

// story is one folder of examples/stories and what is to be seen when it is applied. Its manifests and its configuration
// are the folder's; here is only what they do not say.
type story struct {
	name        string // of the folder
	namespace   string // that workloads.yaml makes
	scaler      string // what workloads.yaml starts, in a few words
	images      []string
	publics     []string          // images of others that it needs
	environment map[string]string // that the controller needs; variables.tf of the story has it too
	volume      bool              // it needs the target's volume
	alone       bool              // it is applied and destroyed before others come
	settings    func(*play, map[string]string) map[string]any
	ready       func(*play) fact
	perform     func(context.Context, *play) (outcome, error)
}

// outcome is what came of a story.
type outcome struct {
	checks []evidence.Check
	chart  chart.Chart
}

// stories are all of them, in the order in which they run.
func stories() []story {
	return []story{csvJobs(), prometheusWeb(), sqsConsumer(), httpFallback()}
}

// Names of all stories, in the order in which they run.
func Names() []string {
	var names []string
	for _, s := range stories() {
		names = append(names, s.name)
	}
	return names
}

// choose finds stories by name, in their own order.
func choose(names []string) ([]story, error) {
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("there is no story %q: use %s, or all", name, strings.Join(Names(), ", "))
		}
	}
	return slices.DeleteFunc(stories(), func(s story) bool { return !slices.Contains(names, s.name) }), nil
}

// play is one story in one run.
type play struct {
	*show
	story
	installs bool              // its configuration has the installation; others of its act have not
	env      map[string]string // of the controller, if it installs
	several  bool              // others play at the same time
	checks   []evidence.Check  // of the apply
}

// programme divides the stories of a run into those that play at the same time, on one installation. The first installs.
func (s *show) programme() [][]*play {
	var alone, side []*play
	for _, st := range s.stories {
		p := &play{show: s, story: st}
		if st.alone {
			p.installs = true
			alone = append(alone, p)
			continue
		}
		side = append(side, p)
	}
	var acts [][]*play
	for _, p := range alone {
		acts = append(acts, []*play{p})
	}
	if len(side) == 0 {
		return acts
	}
	side[0].installs, side[0].env = true, map[string]string{}
	for _, p := range side {
		p.several = len(side) > 1
		for name, value := range p.environment {
			side[0].env[name] = value
		}
	}
	return append(acts, side)
}

// common are the variables of every story but the first.
func common(p *play, _ map[string]string) map[string]any {
	variables := map[string]any{"images": installationImages(), "install": p.installs}
	if p.env != nil {
		variables["controller_env"] = p.env
	}
	return variables
}

func installationImages() map[string]string {
	return map[string]string{"controller": controllerImage, "metrics_adapter": adapterImage}
}

// note writes a line about the story.
func (p *play) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.several {
		text = fmt.Sprintf("%-14s %s", p.name, text)
	}
	p.steps.Note("%s", text)
}

// others is where the words of other programs go.
func (p *play) others() io.Writer {
	if p.several {
		return indented{named{p.Out, p.name}}
	}
	return indented{p.Out}
}

// named puts the story's name after the mark of indented.
type named struct {
	to   io.Writer
	name string
}

func (w named) Write(b []byte) (int, error) {
	text := strings.Replace(string(b), "│ ", fmt.Sprintf("│ %-14s ", w.name), 1)
	_, err := io.WriteString(w.to, text)
	return len(b), err
}
