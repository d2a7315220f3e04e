// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"slices"
	"testing"
)

func TestAggregate(t *testing.T) {
	for how, want := range map[string]float64{"average": 4, "sum": 12, "max": 10, "min": 0} {
		if got := aggregate([]float64{2, 10, 0}, how); got != want {
			t.Errorf("%s is %v, want %v", how, got, want)
		}
	}
}

func TestSelectPort(t *testing.T) {
	two := []string{"10.0.0.1:8080", "10.0.0.1:9090", "10.0.0.2:8080", "10.0.0.2:9090"}
	tests := map[string]struct {
		all  []string
		port string
		want []string
	}{
		"given":                {two, "9090", []string{"10.0.0.1:9090", "10.0.0.2:9090"}},
		"unclear":              {two, "80", nil},
		"none given, one port": {two[:1], "", two[:1]},
		"IPv6":                 {[]string{"[::1]:80"}, "80", []string{"[::1]:80"}},
	}
	for name, test := range tests {
		if got, _ := selectPort(test.all, test.port); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
