// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Rows of a panel's two halves.
const (
	queueRows   = 6
	workersRows = 3
	margin      = 5 // of the numbers on the left
)

// eighths fill a cell from below.
var eighths = []rune(" ▁▂▃▄▅▆▇█")

// Terminal draws the chart as lines of at most columns characters, without colours: for each panel bars of the queue
// and, below them on the same columns, bars of the workers.
func Terminal(c Chart, columns int) string {
	var b strings.Builder
	cells := max(10, columns-margin-2)
	fmt.Fprintf(&b, "%s\n%s\n", c.Title, c.Subtitle)
	for _, p := range c.Panels {
		bars(&b, c, p.Queue, queueRows, cells)
		bars(&b, c, p.Workers, workersRows, cells)
	}
	b.WriteString(axis(c, cells))
	return b.String()
}

func bars(b *strings.Builder, c Chart, s Series, rows, cells int) {
	top := max(1, s.top())
	values := resample(c, s, cells)
	fmt.Fprintf(b, "\n%*s  %s\n", margin, "", s.Name)
	for row := rows - 1; row >= 0; row-- {
		label := ""
		switch row {
		case rows - 1:
			label = fmt.Sprintf("%g", top)
		case 0:
			label = "0"
		}
		fmt.Fprintf(b, "%*s ┤%s\n", margin, label, strings.TrimRight(line(values, top, row, rows), " "))
	}
}

// line is one row of characters of the bars.
func line(values []float64, top float64, row, rows int) string {
	var b strings.Builder
	for _, v := range values {
		filled := v/top*float64(rows) - float64(row) // of this cell
		n := int(math.Round(min(1, max(0, filled)) * 8))
		if row == 0 && v > 0 {
			n = max(1, n) // little is not nothing
		}
		b.WriteRune(eighths[n])
	}
	return b.String()
}

// resample gives each cell the largest value of its time, or the last before it, so that no peak is lost.
func resample(c Chart, s Series, cells int) []float64 {
	out := make([]float64, cells)
	span := max(1e-9, c.span().Seconds())
	next, last := 0, 0.0
	for cell := range out {
		out[cell] = last
		for first := true; next < len(c.Times) && int(c.Times[next].Seconds()/span*float64(cells-1)) <= cell; next++ {
			last = s.Values[next]
			if first || last > out[cell] {
				out[cell] = last
			}
			first = false
		}
	}
	return out
}

// axis marks round seconds below the bars.
func axis(c Chart, cells int) string {
	line := []rune(strings.Repeat(" ", cells))
	every := step(c.span().Seconds(), max(1, cells/12))
	for s := 0.0; s <= c.span().Seconds(); s += every {
		at := int(s / max(1, c.span().Seconds()) * float64(cells-1))
		label := fmt.Sprintf("%gs", s)
		if at+utf8.RuneCountInString(label) <= cells {
			copy(line[at:], []rune(label))
		}
	}
	return fmt.Sprintf("%*s  %s\n", margin, "", strings.TrimRight(string(line), " "))
}
