// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"html"
	"strings"
	"time"
)

// Measures of the drawing in pixels.
const (
	width, left, right  = 960, 64, 64
	header, panelHeight = 70, 190
	gap, footer         = 50, 46
	ticks               = 4
)

// The colours also differ in lightness, so that they can be told apart in print.
const style = `text{font:13px system-ui,sans-serif;fill:#334}.title{font-size:20px;font-weight:600}.axis{fill:#667;font-size:12px}` +
	`.grid{stroke:#e4e7ee}.queue{fill:#9dc3e6;fill-opacity:.65;stroke:#2f6fa8;stroke-width:1.5}.workers{fill:none;stroke:#c2410c;stroke-width:2.5}` +
	`.limit{stroke:#c2410c;stroke-dasharray:5 5;stroke-opacity:.6}.q{fill:#2f6fa8;font-weight:600}.w{fill:#c2410c;font-weight:600}`

// SVG draws the chart. Every panel has the queue as an area with the axis on the left, and the workers as steps with the
// axis on the right.
func SVG(c Chart) string {
	var b strings.Builder
	height := header + len(c.Panels)*(panelHeight+gap) + footer - gap
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, html.EscapeString(c.Title))
	fmt.Fprintf(&b, "<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", style)
	fmt.Fprintf(&b, "<text class=\"title\" x=\"%d\" y=\"28\">%s</text>\n", left, html.EscapeString(c.Title))
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"48\">%s</text>\n", left, html.EscapeString(c.Subtitle))
	for i, p := range c.Panels {
		drawing{&b, c, header + i*(panelHeight+gap) + 20}.panel(p)
	}
	drawing{&b, c, height - footer - panelHeight + 20}.seconds()
	b.WriteString("</svg>\n")
	return b.String()
}

// drawing is a panel being drawn, its upper edge at y.
type drawing struct {
	*strings.Builder
	c Chart
	y int
}

func (d drawing) panel(p Panel) {
	queueTop, workersTop := ceiling(p.Queue.top(), ticks), ceiling(p.Workers.top(), ticks)
	d.scale(queueTop, left-8, "end", true)
	d.scale(workersTop, width-right+8, "start", false)
	fmt.Fprintf(d, "<text class=\"q\" x=\"%d\" y=\"%d\">%s</text>\n", left, d.y-8, html.EscapeString(p.Queue.Name))
	fmt.Fprintf(d, "<text class=\"w\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", width-right, d.y-8, html.EscapeString(p.Workers.Name))
	if len(d.c.Times) == 0 {
		return
	}
	fmt.Fprintf(d, "<path class=\"queue\" d=\"M%.1f %.1f%sL%.1f %.1fZ\"/>\n", d.x(d.c.Times[0]), d.at(0, queueTop), d.steps(p.Queue, queueTop, 'L'), d.x(d.c.span()), d.at(0, queueTop))
	if p.Workers.Limit > 0 {
		y := d.at(p.Workers.Limit, workersTop)
		fmt.Fprintf(d, "<line class=\"limit\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", left, width-right, y, y)
	}
	fmt.Fprintf(d, "<path class=\"workers\" d=\"%s\"/>\n", d.steps(p.Workers, workersTop, 'M'))
}

// steps is the path of a series: a value holds until the next sample. first is the command that leads to its begin.
func (d drawing) steps(s Series, top float64, first byte) string {
	var b strings.Builder
	for i, v := range s.Values {
		if i == 0 {
			fmt.Fprintf(&b, "%c%.1f %.1f", first, d.x(d.c.Times[0]), d.at(v, top))
			continue
		}
		fmt.Fprintf(&b, "H%.1fV%.1f", d.x(d.c.Times[i]), d.at(v, top))
	}
	return b.String()
}

// scale writes the numbers of one axis, and the grid with those of the left one.
func (d drawing) scale(top float64, x int, anchor string, grid bool) {
	for v := 0.0; v <= top; v += step(top, ticks) {
		y := d.at(v, top)
		if grid {
			fmt.Fprintf(d, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", left, width-right, y, y)
		}
		fmt.Fprintf(d, "<text class=\"axis\" x=\"%d\" y=\"%.1f\" text-anchor=\"%s\">%g</text>\n", x, y+4, anchor, v)
	}
}

// seconds writes the axis of time below the last panel.
func (d drawing) seconds() {
	every := step(d.c.span().Seconds(), 10)
	for s := 0.0; s <= d.c.span().Seconds(); s += every {
		at := time.Duration(s * float64(time.Second))
		fmt.Fprintf(d, "<text class=\"axis\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g s</text>\n", d.x(at), d.y+panelHeight+20, s)
	}
}

func (d drawing) x(t time.Duration) float64 {
	return left + t.Seconds()/max(1, d.c.span().Seconds())*(width-left-right)
}

func (d drawing) at(v, top float64) float64 { return float64(d.y) + panelHeight*(1-v/top) }
