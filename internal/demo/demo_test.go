// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/progress"
)

// job is a Job of the ScaledJob; with a condition it is finished.
func job(name string, condition batchv1.JobConditionType) *batchv1.Job {
	j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.Unix(100, 0)}}
	if condition != "" {
		j.Status.Conditions = []batchv1.JobCondition{
			{Type: batchv1.JobSuccessCriteriaMet, Status: corev1.ConditionTrue},
			{Type: condition, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Unix(110, 0)},
		}
	}
	return j
}

func TestJobLedgerRemembersThePeakAndTheDeleted(t *testing.T) {
	l := &jobLedger{jobs: map[string]evidence.Job{}}
	l.saw(job("a", ""), false)
	l.saw(job("b", ""), false)
	l.saw(job("a", batchv1.JobComplete), false)
	l.saw(job("c", ""), false)
	l.saw(job("b", batchv1.JobFailed), false)
	l.saw(job("a", batchv1.JobComplete), true)
	if running, finished := l.count(); running != 1 || finished != 2 {
		t.Errorf("%d running, %d finished; want 1 and 2", running, finished)
	}
	jobs, most := l.read()
	if most != 2 {
		t.Errorf("most at once: %d, want 2", most)
	}
	for _, j := range jobs {
		if want := j.Name == "a"; j.Succeeded != want {
			t.Errorf("Job %s succeeded: %t", j.Name, j.Succeeded)
		}
	}
	l.saw(job("c", ""), true)
	if running, _ := l.count(); running != 0 {
		t.Error("a Job that was deleted while it ran still counts as running")
	}
}

func TestOverOnlyWhenEverybodyIsGone(t *testing.T) {
	done := evidence.Point{Lengths: evidence.Lengths{CSVsDone: promise.Files, ReportsDone: promise.Files}}
	if !over(done) {
		t.Error("a finished run is not over")
	}
	for name, spoil := range map[string]func(*evidence.Point){
		"a CSV is missing":      func(p *evidence.Point) { p.Lengths.CSVsDone-- },
		"a report is missing":   func(p *evidence.Point) { p.Lengths.ReportsDone-- },
		"a Job runs":            func(p *evidence.Point) { p.Jobs = 1 },
		"a replica is wanted":   func(p *evidence.Point) { p.Replicas = 1 },
		"a replica still works": func(p *evidence.Point) { p.Ready = 1 },
	} {
		p := done
		if spoil(&p); over(p) {
			t.Errorf("%s, but the run is over", name)
		}
	}
}

// mirror is a cluster that has images of its own in place of public ones.
type mirror struct{ currentTarget }

func (*mirror) image(public string) string {
	if public == prometheusPublic {
		return prometheusImage
	}
	return public
}

func TestPlaceChoosesImagesAndNode(t *testing.T) {
	s := &show{target: &mirror{}}
	o := &unstructured.Unstructured{Object: map[string]any{"kind": "Job", "spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"image": prometheusPublic}, map[string]any{"image": storyImage}},
	}}}}}
	if err := s.place(o, map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
	node, _, _ := unstructured.NestedStringMap(o.Object, "spec", "template", "spec", "nodeSelector")
	if containers[0].(map[string]any)["image"] != prometheusImage || containers[1].(map[string]any)["image"] != storyImage || node["a"] != "b" {
		t.Errorf("containers %v on node %v", containers, node)
	}
}

func TestNodeTakesAReadyOneThatIsOpenToAll(t *testing.T) {
	ready := []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	tests := []struct {
		name string
		node corev1.Node
		want bool
	}{
		{"ready", corev1.Node{Status: corev1.NodeStatus{Conditions: ready}}, true},
		{"not ready", corev1.Node{}, false},
		{"tainted", corev1.Node{Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Effect: corev1.TaintEffectNoSchedule}}}, Status: corev1.NodeStatus{Conditions: ready}}, false},
		{"avoided at most", corev1.Node{Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Effect: corev1.TaintEffectPreferNoSchedule}}}, Status: corev1.NodeStatus{Conditions: ready}}, true},
		{"simulated", corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"type": "kwok"}}, Status: corev1.NodeStatus{Conditions: ready}}, false},
	}
	for _, tt := range tests {
		if got := fit(&tt.node); got != tt.want {
			t.Errorf("%s: fit = %t", tt.name, got)
		}
	}
}

func TestAnOccupiedClusterIsRefused(t *testing.T) {
	s := &show{target: &currentTarget{context: "work"}, clients: &clients{kube: fake.NewClientset(
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: kedaNamespace}})}}
	if err := s.refuseOccupied(t.Context()); err == nil || !strings.Contains(err.Error(), "context work already has the namespace keda") {
		t.Errorf("refuseOccupied = %v", err)
	}
}

func TestCurrentContextDecidesHowImagesAreLoaded(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"kind", "minikube"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	tests := []struct{ context, extension, want, remedy string }{
		{"kind-ci", "", "kind load image-archive x.tar --name ci", ""},
		{"mine", "extensions: [{name: context_info, extension: {}}]", "minikube image load x.tar --profile mine", ""},
		{"k3d-ci", "", "", "needs k3d"},
		{"eks", "", "", "-images-loaded"},
	}
	for _, tt := range tests {
		t.Run(tt.context, func(t *testing.T) {
			kubeconfig := filepath.Join(t.TempDir(), "config")
			text := "apiVersion: v1\nkind: Config\ncurrent-context: " + tt.context + "\ncontexts: [{name: " + tt.context + ", context: {" + tt.extension + "}}]\n"
			if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("KUBECONFIG", kubeconfig)
			target := &currentTarget{steps: progress.New(nil, 0)}
			err := target.check(context.Background(), []string{"keda"})
			if tt.remedy != "" {
				if err == nil || !strings.Contains(err.Error(), tt.remedy) {
					t.Fatalf("check = %v, want %q in it", err, tt.remedy)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			l, _ := target.loader()
			if got := strings.Join(append([]string{l.program}, l.args("x.tar")...), " "); got != tt.want {
				t.Errorf("loads images with %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTerraformSeesOnlyTheDemosCluster(t *testing.T) {
	t.Setenv("KUBE_HOST", "https://production")
	t.Setenv("TF_VAR_images", "{}")
	t.Setenv("KUBECONFIG", "/a:/b")
	p := &play{show: &show{target: &currentTarget{context: "work"}, cache: t.TempDir()}}
	env := p.environ()
	for _, v := range env {
		if strings.HasPrefix(v, "KUBE_HOST=") || strings.HasPrefix(v, "TF_VAR_") {
			t.Errorf("Terraform inherits %s", v)
		}
	}
	for _, want := range []string{"KUBE_CONFIG_PATHS=/a:/b", "KUBE_CTX=work"} {
		if !slices.Contains(env, want) {
			t.Errorf("Terraform lacks %s", want)
		}
	}
}

func TestTellShowsProgressAndKeepsErrors(t *testing.T) {
	var out strings.Builder
	p := &play{show: &show{Config: Config{Out: &out}}, story: story{name: "one"}, several: true}
	rest := p.tell(strings.NewReader("Terraform will perform\nkeda_installation.this: Creating...\n\nError: no\n"))
	if !strings.Contains(out.String(), "│ one            keda_installation.this: Creating...") || strings.Contains(out.String(), "Error") || !strings.Contains(rest, "Error: no") {
		t.Errorf("shown %q, kept %q", out.String(), rest)
	}
}

func TestProgrammeInstallsOnceForEachAct(t *testing.T) {
	chosen, err := choose(Names())
	if err != nil {
		t.Fatal(err)
	}
	acts := (&show{stories: chosen}).programme()
	if len(acts) != 2 || len(acts[0]) != 1 || acts[0][0].name != "csv-jobs" || len(acts[1]) != 3 {
		t.Fatalf("acts: %v", acts)
	}
	for _, plays := range acts {
		for i, p := range plays {
			if want := i == 0; p.installs != want {
				t.Errorf("%s installs: %t, want %t", p.name, p.installs, want)
			}
		}
	}
	first := common(acts[1][0], nil)
	if env, _ := first["controller_env"].(map[string]string); env["AWS_ROLE_ARN"] == "" {
		t.Errorf("the one that installs has not what another needs: %v", first)
	}
	if last := common(acts[1][2], nil); last["install"] != false || last["controller_env"] != nil {
		t.Errorf("one that joins has the variables %v", last)
	}
}

func TestUnknownStoriesAreRefused(t *testing.T) {
	if _, err := choose([]string{"csv-jobs", "csv"}); err == nil || !strings.Contains(err.Error(), `no story "csv"`) || !strings.Contains(err.Error(), "http-fallback") {
		t.Errorf("choose = %v", err)
	}
}

// scripted is a fact that says one thing after the other, the last for ever.
func scripted(answers ...bool) fact {
	return func(context.Context) (string, bool, error) {
		now := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return fmt.Sprint("saw ", now), now, nil
	}
}

func TestSequenceStopsWhereAPromiseIsNotKept(t *testing.T) {
	var out strings.Builder
	p := &play{show: &show{steps: progress.New(&out, 0)}}
	checks, err := p.sequence(t.Context(), []scene{
		{name: "first", holds: scripted(false, true), within: time.Minute},
		{name: "short", holds: scripted(true, false), within: time.Minute, stays: time.Minute},
		{name: "third", holds: scripted(true), within: time.Minute},
	})
	if err != nil || len(checks) != 3 || !checks[0].OK || checks[1].OK || checks[2].OK {
		t.Fatalf("checks %+v, %v", checks, err)
	}
	if !strings.Contains(checks[1].Detail, "saw false") || checks[2].Detail != "not tried" || !strings.Contains(out.String(), "✗ short") {
		t.Errorf("checks %+v\nshown %s", checks, out.String())
	}
}

func TestWatchTellsWhatItSawLast(t *testing.T) {
	if c := watch(t.Context(), scene{name: "never", holds: scripted(false), within: time.Millisecond}); c.OK || !strings.Contains(c.Detail, "saw false") {
		t.Errorf("check %+v", c)
	}
	dead := func(context.Context) (string, bool, error) { return "", false, os.ErrNotExist }
	if c := watch(t.Context(), scene{name: "dead", holds: dead, within: time.Millisecond}); c.OK || !strings.Contains(c.Detail, os.ErrNotExist.Error()) {
		t.Errorf("check %+v", c)
	}
}

func TestSeriesAreFoundByLabels(t *testing.T) {
	page := []byte("# TYPE keda_scaler_active gauge\nkeda_scaler_active{namespace=\"a\",scaledObject=\"x\",metric=\"m0\"} 1\n" +
		"keda_scaler_active{namespace=\"a\",scaledObject=\"x\",metric=\"m1\"} 2\nkeda_scaler_active{namespace=\"b\",scaledObject=\"x\"} 4\n")
	if sum, found, err := series(page, "keda_scaler_active", map[string]string{"namespace": "a", "scaledObject": "x"}); sum != 3 || !found || err != nil {
		t.Errorf("series = %v, %t, %v", sum, found, err)
	}
	if _, found, err := series(page, "keda_scaler_active", map[string]string{"namespace": "c"}); found || err != nil {
		t.Errorf("found a series that is not there, %v", err)
	}
}

// The manifests of stories must name images that the demo builds or that clusters can pull.
func TestManifestsNameImagesOfTheDemo(t *testing.T) {
	image := regexp.MustCompile(`(?m)^\s*image: (\S+)$`)
	for _, st := range stories() {
		known := slices.Concat(st.images, st.publics)
		files, err := filepath.Glob(filepath.Join("..", "..", "examples", "stories", st.name, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("story %s has no manifests: %v", st.name, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range image.FindAllSubmatch(text, -1) {
				if !slices.Contains(known, string(m[1])) {
					t.Errorf("%s: image %s is not one of %v", file, m[1], known)
				}
			}
		}
	}
}

func TestPollTellsWhatItWaitedForAndWhy(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err := poll(ctx, "pigs fly", func(context.Context) (bool, error) { return false, os.ErrNotExist })
	if err == nil || !strings.Contains(err.Error(), "pigs fly") || !strings.Contains(err.Error(), os.ErrNotExist.Error()) {
		t.Errorf("poll = %v", err)
	}
}
