// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"bufio"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadValue(t *testing.T) {
	tests := map[string]any{
		"+OK\r\n":                       "OK",
		":42\r\n":                       int64(42),
		"-NOPERM no\r\n":                refusal("NOPERM no"),
		"!9\r\nERR\r\nlong\r\n":         refusal("ERR\r\nlong"),
		"_\r\n":                         nil,
		"$-1\r\n":                       nil,
		"*-1\r\n":                       nil,
		"$4\r\na\r\nb\r\n":              "a\r\nb",
		"=7\r\ntxt:abc\r\n":             "txt:abc",
		",1.5\r\n":                      "1.5",
		"#t\r\n":                        "t",
		"%1\r\n+k\r\n:1\r\n":            []any{"k", int64(1)},
		"*2\r\n*0\r\n~1\r\n_\r\n":       []any{[]any(nil), []any{nil}},
		">2\r\n$1\r\na\r\n*1\r\n+b\r\n": push{"a", []any{"b"}},
	}
	for text, want := range tests {
		got, err := readValue(bufio.NewReader(strings.NewReader(text)))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"", "\r\n", "?\r\n", ":x\r\n", "$x\r\n", "$99999999\r\n", "*99999999\r\n", "$5\r\nab", "*2\r\n:1\r\n", strings.Repeat("*1\r\n", 20) + ":1\r\n"} {
		if got, err := readValue(bufio.NewReader(strings.NewReader(text))); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestAppendCommand(t *testing.T) {
	if got, want := string(appendCommand(nil, "SET", "k", "a\r\nb")), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzReadValue looks for panics and unbounded recursion.
func FuzzReadValue(f *testing.F) {
	f.Add("*2\r\n*0\r\n~1\r\n_\r\n")
	f.Add(">2\r\n$1\r\na\r\n*1\r\n+b\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := bufio.NewReader(strings.NewReader(text))
		for {
			if _, err := readValue(r); err != nil {
				return
			}
		}
	})
}
