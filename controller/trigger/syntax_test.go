// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"fmt"
	"testing"

	k8sresource "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"
)

// The checks of selectors and quantities must agree with Kubernetes, whose
// parsers the package cannot import.

func TestLabelSelectorAgreesWithKubernetes(t *testing.T) {
	fixed := []string{
		"app=web", "app==web", "app != web", "app", "!app", "! app", "example.com/app=web", "a in (b,c), d notin (e)", "a in ()",
		"a>5", "a < 5", "a=", "a=,b=c", "a in(b)", "app in web", "a=b=c", "=a", "a,,b", "a,", ",a", "-a=b", "a=-b", "a b", "in (a)",
		"a=b c", "A.b/c=d", "a/b/c", "a>b", "a in (b", "a in b)", " a = b ", "()", "!", "a!b", "a.b-c_d=e.f-g_h", "/a",
	}
	for _, text := range fixed {
		agreeOnSelector(t, text)
	}
	token := rapid.SampledFrom([]string{"a", "b1", "example.com/app", "=", "==", "!=", "!", "in", "notin", "(", ")", ",", " ", "<", ">", "7", "-", "_x"})
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for _, part := range rapid.SliceOfN(token, 1, 9).Draw(t, "tokens") {
			text += part
		}
		agreeOnSelector(t, text)
	})
}

// agreeOnSelector leaves out what selects everything: a parameter is never empty.
func agreeOnSelector(t rapid.TB, text string) {
	parsed, err := labels.Parse(text)
	if err == nil && parsed.Empty() {
		return
	}
	if ours := labelSelector(text); (ours == nil) != (err == nil) {
		t.Errorf("%q: we say %v, Kubernetes says %v", text, ours, err)
	}
}

func TestQuantityAgreesWithKubernetes(t *testing.T) {
	fixed := []string{
		"1", "500m", "256Mi", "1.5Gi", ".5", "5.", "+1", "-1", "0", "0.0", "0Mi", "1e3", "1E3", "1e-3", "1E", "1Ei", "1k", "1K", "1Ki", "1n", "1u",
		"", "m", "1mm", "1 Mi", "1e", "1e+", "Mi", "0x10", "1_000", "lots", "1.2.3", "00500m",
	}
	for _, text := range fixed {
		agreeOnQuantity(t, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		agreeOnQuantity(t, rapid.StringMatching(`[-+]?[0-9]{0,3}\.?[0-9]{0,3}([eE][-+]?[0-9]{0,2}|[mkKMGTPEnu]?i?)`).Draw(t, "quantity"))
	})
}

// TestQuantitiesOfAnyoneAreNotWorkedOnForHours: Kubernetes' parser multiplies out a
// long number with a large exponent.
func TestQuantitiesOfAnyoneAreNotWorkedOnForHours(t *testing.T) {
	for _, text := range []string{"1234567890123456789012e2000000000", "1234567890123456789012E-2000000000"} {
		if checkResource(ResourceMetric{Name: "cpu", Value: text}, "AverageValue") == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func agreeOnQuantity(t rapid.TB, text string) {
	q, err := k8sresource.ParseQuantity(text)
	if err == nil && q.Sign() <= 0 {
		err = fmt.Errorf("not positive")
	}
	ours := checkResource(ResourceMetric{Name: "cpu", Value: text}, "AverageValue")
	if (ours == nil) != (err == nil) {
		t.Errorf("%q: we say %v, Kubernetes says %v", text, ours, err)
	}
}
