// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read writes a test file and reads its tests.
func read(t *testing.T, source string) ([]*Test, error) {
	t.Helper()
	dir := t.TempDir()
	if !strings.Contains(source, "package") {
		source = "package x\n\n" + source
	}
	if err := os.WriteFile(filepath.Join(dir, "x_test.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	return tests(dir)
}

func TestDocCommentsSayWhatIsProved(t *testing.T) {
	got, err := read(t, `
// TestA does things.
//
// Covers: field ClusterTriggerAuthentication.spec.env; event KEDAScalersStopped
// Covers: metric keda_build_info
// Differs: Jobs
// KEDA: counts wrong.
// Here: counts right.
// Why: it is right.
// Old: not available
func TestA() { testB() }

// testB does things.
//
// Kept: HPA
// KEDA: is odd.
// Why: people rely on it.
func testB() {}

// Covers: event Nothing
func helper() {}
`)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("%d tests, want 2", len(got))
	}
	want := []Item{{"field", "TriggerAuthentication.spec.env"}, {"event", "KEDAScalersStopped"}, {"metric", "keda_build_info"}}
	if diff := cmp.Diff(want, got[0].Covers); diff != "" {
		t.Error(diff)
	}
	d := got[0].Differences[0]
	if diff := cmp.Diff([]string{"Jobs", "counts wrong.", "counts right.", "it is right.", "not available"}, d.lines()); diff != "" {
		t.Error(diff)
	}
	if kept := got[1].Kept[0]; kept.Area != "HPA" || kept.KEDA != "is odd." {
		t.Errorf("kept %v", kept.lines())
	}
	page := differencesPage(got)
	for _, row := range []string{"| counts wrong. | counts right. | it is right. | not available |", "| HPA | is odd. | people rely on it. |"} {
		if !strings.Contains(page, row) {
			t.Errorf("the page lacks %q:\n%s", row, page)
		}
	}
}

func TestUnfinishedCommentsAreErrors(t *testing.T) {
	for name, source := range map[string]string{
		"no reason":    "// Differs: Jobs\n// KEDA: a.\n// Here: b.\n// Old: c.\nfunc TestA() {}",
		"unknown area": "// Kept: Weather\n// KEDA: a.\n// Why: b.\nfunc TestA() {}",
		"no name":      "// Covers: event\nfunc TestA() {}",
		"stray line":   "// Here: b.\nfunc TestA() {}",
		"nobody calls": "// Covers: event A\nfunc testA() {}",
		"calls itself": "// Covers: event A\nfunc testA() { testA() }",
		"method":       "// Covers: event A\nfunc (s *suite) TestA() {}",
		"never built":  "//go:build never\n\npackage x\n\n// Covers: event A\nfunc TestA() {}",
	} {
		if _, err := read(t, source); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestGapsAreErrors(t *testing.T) {
	items := []Item{{"event", "A"}, {"event", "B"}, {"field", "X.spec.a.b"}, {"field", "X.spec.a.c"}}
	test := &Test{Package: "p/q", Name: "TestIt", Covers: []Item{{"event", "A"}, {"event", "C"}, {"field", "X.spec.a.*"}}}
	proved, err := match(items, []*Test{test})
	if err == nil {
		t.Fatal("no error")
	}
	if got, want := err.Error(), "p/q: TestIt covers \"event C\", which nobody promised\nno test covers \"event B\""; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	for _, item := range items {
		if (len(proved[item]) == 1) != (item.Name != "B") {
			t.Errorf("%s has %d tests", item, len(proved[item]))
		}
	}
}

func TestPromisesAreThoseOfTheAPI(t *testing.T) {
	items, err := promises(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, item := range items {
		got[item.String()] = true
	}
	for _, want := range []string{
		"field ScaledObject.spec.triggers.metadata", "field ScaledObject.spec.advanced.horizontalPodAutoscalerConfig.behavior",
		"field ScaledJob.spec.jobTargetRef", "field TriggerAuthentication.spec.azureKeyVault.credentials.clientSecret",
		"annotation autoscaling.keda.sh/paused", "label scaledjob.keda.sh/name", "finalizer finalizer.keda.sh",
		"condition ScaledObject/Ready/TriggerError", "event KEDAJobsCreated", "metric keda_build_info", "admission other-hpa",
		"cloudevent keda.scaledobject.ready.v1",
	} {
		if !got[want] {
			t.Errorf("nobody promises %q", want)
		}
	}
	for item := range got {
		if strings.HasPrefix(item, "field Cluster") && !strings.Contains(item, ".status.") && !strings.Contains(item, "filePath") {
			t.Errorf("%q is not the shared kind's", item)
		}
	}
}
