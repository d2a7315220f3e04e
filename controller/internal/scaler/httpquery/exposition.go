// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// inExposition returns the first sample that a selector selects on a page in the
// Prometheus text format: a counter, a gauge or an untyped metric.
func inExposition(body []byte, selector string) (float64, error) {
	name, matchers, err := parseSelector(selector)
	if err != nil {
		return 0, err
	}
	// The parser takes neither another end of a line nor none at the end.
	body = append(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")), '\n')
	parser := expfmt.NewTextParser(model.UTF8Validation)
	// Text after the part of interest may be malformed; what was read counts.
	families, parseErr := parser.TextToMetricFamilies(bytes.NewReader(body))
	family, ok := families[name]
	if !ok {
		if parseErr != nil {
			return 0, fmt.Errorf("the page is not in the Prometheus text format: %w", parseErr)
		}
		return 0, fmt.Errorf("there is no metric %q", name)
	}
	for _, sample := range family.GetMetric() {
		if selects(matchers, sample) {
			return sampleValue(family, sample)
		}
	}
	return 0, fmt.Errorf("no sample of metric %q has these labels", name)
}

func sampleValue(family *dto.MetricFamily, sample *dto.Metric) (float64, error) {
	switch {
	case sample.Counter != nil:
		return sample.Counter.GetValue(), nil
	case sample.Gauge != nil:
		return sample.Gauge.GetValue(), nil
	case sample.Untyped != nil:
		return sample.Untyped.GetValue(), nil
	}
	return 0, fmt.Errorf("metric %q is a %s; only counters, gauges and untyped metrics are one number",
		family.GetName(), strings.ToLower(family.GetType().String()))
}

// matcher tests one label.
type matcher struct {
	label, value string
	pattern      *regexp.Regexp // nil for equality
	negate       bool
}

func selects(matchers []matcher, sample *dto.Metric) bool {
	for _, m := range matchers {
		value := ""
		for _, label := range sample.GetLabel() {
			if label.GetName() == m.label {
				value = label.GetValue()
			}
		}
		same := value == m.value
		if m.pattern != nil {
			same = m.pattern.MatchString(value)
		}
		if same == m.negate {
			return false
		}
	}
	return true
}

var matcherStart = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*`)

// parseSelector reads name{label="value",…} with the operators =, !=, =~ and !~.
func parseSelector(selector string) (name string, matchers []matcher, err error) {
	name, rest, braces := strings.Cut(strings.TrimSpace(selector), "{")
	name = strings.TrimSpace(name)
	for braces {
		rest = strings.TrimLeft(rest, " \t")
		if end, ok := strings.CutPrefix(rest, "}"); ok {
			if strings.TrimSpace(end) != "" {
				return "", nil, errors.New(`there is text after the selector's "}"`)
			}
			break
		}
		var m matcher
		if m, rest, err = parseMatcher(rest); err != nil {
			return "", nil, err
		}
		if m.label == model.MetricNameLabel && m.pattern == nil && !m.negate {
			name = m.value
		} else {
			matchers = append(matchers, m)
		}
		rest = strings.TrimPrefix(strings.TrimLeft(rest, " \t"), ",")
	}
	if name == "" {
		return "", nil, errors.New(`the selector has no metric name; write for example queue_length{queue="orders"}`)
	}
	return name, matchers, nil
}

// parseMatcher reads one matcher and returns what follows it.
func parseMatcher(text string) (m matcher, rest string, err error) {
	malformed := errors.New(`the selector is malformed; write for example queue_length{queue="orders"}`)
	found := matcherStart.FindStringSubmatch(text)
	if found == nil {
		return m, "", malformed
	}
	rest = text[len(found[0]):]
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return m, "", malformed
	}
	value, err := strconv.Unquote(quoted)
	if err != nil {
		return m, "", malformed
	}
	m = matcher{label: found[1], value: value, negate: strings.HasPrefix(found[2], "!")}
	if strings.HasSuffix(found[2], "~") {
		if m.pattern, err = compile("^(?s:" + value + ")$"); err != nil {
			return m, "", fmt.Errorf("the selector's expression for label %q: %w", m.label, err)
		}
	}
	return m, rest[len(quoted):], nil
}

// maxStates bounds the size of an expression. Matching takes up to its size times
// the length of the page, whatever time that is.
const maxStates = 1000

// compile refuses an expression that is small to write and large to run, such as
// (.*a){1000}.
func compile(expression string) (*regexp.Regexp, error) {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if states(parsed) > maxStates {
		return nil, errors.New("it is too large; write it with fewer and smaller repetitions")
	}
	return regexp.Compile(expression)
}

// states is about how many states the machine of an expression has. The parser has
// bounded the repetitions.
func states(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, part := range re.Sub {
		n += states(part)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
}
