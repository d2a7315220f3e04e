// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the golden files")

// example is a queue that fills at once and drains through workers that come and go.
func example() Chart {
	c := Chart{Title: "Jobs & consumers", Subtitle: "an <example>"}
	queue, workers := Series{Name: "waiting"}, Series{Name: "workers", Limit: 5}
	for i := range 61 {
		c.Times = append(c.Times, time.Duration(i)*time.Second)
		queue.Values = append(queue.Values, max(0, 180-float64(i)*4))
		workers.Values = append(workers.Values, float64(min(i/2, 5, max(0, 50-i))))
	}
	c.Panels = []Panel{{Queue: queue, Workers: workers}, {Queue: Series{Name: "none", Values: make([]float64, 61)}, Workers: workers}}
	return c
}

func TestGolden(t *testing.T) {
	for name, got := range map[string]string{"example.svg": SVG(example()), "example.txt": Terminal(example(), 80)} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; look at it and run the test with -update if it is right:\n%s", path, got)
		}
	}
}

func TestSVGIsWellFormed(t *testing.T) {
	for name, c := range map[string]Chart{"example": example(), "nothing": {}, "no samples": {Panels: []Panel{{}}}, "one sample": {
		Times: []time.Duration{0}, Panels: []Panel{{Queue: Series{Values: []float64{3}}, Workers: Series{Values: []float64{0}}}},
	}} {
		text := SVG(c)
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s has a number that is none:\n%s", name, text)
		}
	}
}

func TestTerminalKeepsToItsWidth(t *testing.T) {
	for _, columns := range []int{40, 80, 200} {
		for line := range strings.Lines(Terminal(example(), columns)) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > columns {
				t.Errorf("%d characters instead of %d: %q", n, columns, line)
			}
		}
	}
}

func TestNoPeakIsLost(t *testing.T) {
	c := Chart{}
	s := Series{Values: make([]float64, 1000)}
	for i := range s.Values {
		c.Times = append(c.Times, time.Duration(i)*time.Second)
	}
	s.Values[501] = 9
	top := 0.0
	for _, v := range resample(c, s, 20) {
		top = max(top, v)
	}
	if top != 9 {
		t.Errorf("the largest value of the cells is %g, want 9", top)
	}
}

func TestStepIsRound(t *testing.T) {
	for top, want := range map[float64]float64{0: 1, 3: 1, 5: 2, 10: 5, 180: 50, 61: 20} {
		if got := step(top, 4); got != want {
			t.Errorf("step(%g, 4) = %g, want %g", top, got, want)
		}
	}
}
