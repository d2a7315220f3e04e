// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package hpa_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/hpa"
)

func TestQuantity(t *testing.T) {
	for _, c := range []struct {
		value   float64
		integer bool
		want    string
	}{
		{5, true, "5"}, {5, false, "5"}, {2.5, false, "2500m"}, {0.001, false, "1m"}, {1.005, false, "1005m"}, {0.29, false, "290m"},
		{0.0004, false, "0"}, {0, false, "0"}, {-3, false, "0"}, {-3, true, "0"},
		{math.NaN(), false, "0"}, {math.Inf(1), false, "0"}, {math.Inf(-1), true, "0"},
		{1e17, false, "100P"}, {1e300, true, "9223372036854775807"}, {math.MaxFloat64, false, "9223372036854775807"},
	} {
		q := hpa.Quantity(c.value, c.integer)
		if got := q.String(); got != c.want {
			t.Errorf("%v (integer %v) is %s, want %s", c.value, c.integer, got, c.want)
		}
	}
}

func TestQuantityIsPreciseToTheThousandth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(0, 1e12).Draw(t, "value")
		q := hpa.Quantity(v, false)
		if off := math.Abs(q.AsApproximateFloat64() - v); off > 0.0005+v*1e-12 {
			t.Fatalf("%v is written as %s", v, q.String())
		}
	})
}
