// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// parse reads an object as an answer of the API server is read, which gives
// whole numbers another type than YAML does.
func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte("kind: Any\n"+text), &u.Object); err != nil {
		t.Fatal(err)
	}
	data, err := u.MarshalJSON()
	if err == nil {
		err = u.UnmarshalJSON(data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestDifferences(t *testing.T) {
	const want = `
metadata: {labels: {app.kubernetes.io/version: "1"}}
rules: [{verbs: [get, list]}]
spec:
  strategy: {}
  enabled: false
  ports: [{name: https, port: 443}]
  containers: [{name: main, image: a, args: [x, y], env: [{name: A, value: b}]}]
`
	for _, test := range []struct {
		name, live string
		want       []string
	}{
		{"the same", want, nil},
		{"defaults, and items of others in lists that merge", `
metadata: {labels: {app.kubernetes.io/version: "1", mine: x}, uid: u}
rules: [{verbs: [get, list], apiGroups: [""]}]
spec:
  replicas: 1
  strategy: {type: RollingUpdate}
  ports: [{name: metrics, port: 1}, {name: https, port: 443.0, protocol: TCP}]
  containers: [{name: sidecar}, {name: main, image: a, args: [x, y], env: [{name: Z}, {name: A, value: b}]}]
status: {ready: true}`, nil},
		{"other scalars", strings.NewReplacer("image: a", "image: z", `"1"`, `"2"`).Replace(want),
			[]string{"metadata.labels.[app.kubernetes.io/version]", "spec.containers[main].image"}},
		{"a list that is whole", strings.Replace(want, "[get, list]", "[get, list, watch]", 1), []string{"rules[0].verbs"}},
		{"the order of arguments", strings.Replace(want, "[x, y]", "[y, x]", 1), []string{"spec.containers[main].args[0]", "spec.containers[main].args[1]"}},
		{"an item that is gone", strings.Replace(want, "{name: A, value: b}", "{name: B, value: b}", 1), []string{"spec.containers[main].env[A]"}},
		{"a part that is gone", "metadata: {labels: {app.kubernetes.io/version: '1'}}\nrules: [{verbs: [get, list]}]", []string{"spec"}},
		{"true instead of false", strings.Replace(want, "enabled: false", "enabled: true", 1), []string{"spec.enabled"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Differences(parse(t, want), parse(t, test.live))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStateOfAnObject(t *testing.T) {
	ours := "metadata: {labels: {app.kubernetes.io/managed-by: terraform-provider-keda}}\n"
	wanted := item{object: parse(t, ours+"spec: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6}"), hash: "sha256:1"}
	for name, test := range map[string]struct{ live, want string }{
		"as wanted":   {ours + "spec: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7}", "sha256:1"},
		"one field":   {ours + "spec: {a: 9, b: 2, c: 3, d: 4, e: 5, f: 6}", "differs: spec.a"},
		"many fields": {ours + "spec: {}", "differs: spec.a, spec.b, spec.c, spec.d and 2 more"},
		"not ours":    {"metadata: {annotations: {meta.helm.sh/release-name: keda, meta.helm.sh/release-namespace: x}}", "belongs to Helm release x/keda"},
	} {
		if got := wanted.state(parse(t, test.live)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	if got := wanted.state(nil); got != "missing" {
		t.Errorf("no object: %q", got)
	}
}

func TestOwners(t *testing.T) {
	for _, test := range []struct {
		live, want string
		ours       bool
	}{
		{"metadata: {labels: {app.kubernetes.io/managed-by: terraform-provider-keda}}", "a keda_installation", true},
		{"metadata: {labels: {app.kubernetes.io/managed-by: terraform-provider-keda}, annotations: {meta.helm.sh/release-name: keda, meta.helm.sh/release-namespace: x}}",
			"Helm release x/keda", false},
		{"metadata: {annotations: {argocd.argoproj.io/tracking-id: 'keda:apps/Deployment:keda/keda-operator'}}", "Argo CD application keda", false},
		{"metadata: {labels: {kustomize.toolkit.fluxcd.io/name: infra}}", "Flux Kustomization infra", false},
		{"metadata: {managedFields: [{manager: kube-controller-manager, operation: Update}, {manager: kubectl-client-side-apply, operation: Update}]}",
			"field manager kubectl-client-side-apply", false},
		{"metadata: {}", "somebody else", false},
	} {
		if got := OwnerOf(parse(t, test.live)); got.String() != test.want || got.Ours() != test.ours {
			t.Errorf("%s: %q, ours %v; want %q", test.live, got, got.Ours(), test.want)
		}
	}
}

func TestWorks(t *testing.T) {
	for _, test := range []struct {
		name, live, why string
	}{
		{"new CRD", "kind: CustomResourceDefinition", "not Established yet"},
		{"CRD with taken names", "kind: CustomResourceDefinition\nstatus: {conditions: [{type: Established, status: 'True'}, {type: NamesAccepted, status: 'False', reason: ListKindConflict, message: taken}]}",
			"NamesAccepted is False: ListKindConflict: taken"},
		{"CRD", "kind: CustomResourceDefinition\nstatus: {conditions: [{type: Established, status: 'True'}, {type: NamesAccepted, status: 'True'}]}", ""},
		{"Deployment not seen yet", "kind: Deployment\nmetadata: {generation: 2}\nstatus: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1}",
			"the change has not been seen yet"},
		{"Deployment with an old pod", "kind: Deployment\nspec: {replicas: 1}\nstatus: {replicas: 2, updatedReplicas: 1, availableReplicas: 1}", "1 of 1 pods are updated and 1 available; 1 old pods are still there"},
		{"Deployment", "kind: Deployment\nmetadata: {generation: 2}\nspec: {replicas: 2}\nstatus: {observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2}", ""},
		{"APIService", "kind: APIService\nstatus: {conditions: [{type: Available, status: 'False', reason: MissingEndpoints, message: 'no endpoints.'}]}",
			"Available is False: MissingEndpoints: no endpoints"},
		{"webhook", "kind: ValidatingWebhookConfiguration\nwebhooks: [{name: a, clientConfig: {caBundle: QQ==}}, {name: b, clientConfig: {}}]",
			"the controller has not set the CA of webhook b yet"},
		{"role", "kind: Role", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			works, why := Works(parse(t, test.live))
			if works != (test.why == "") || why != test.why {
				t.Errorf("%v, %q; want %q", works, why, test.why)
			}
		})
	}
	if works, _ := Works(nil); works {
		t.Error("an object that is gone works")
	}
}

func TestPodTroubles(t *testing.T) {
	for _, test := range []struct {
		live string
		want []string
	}{
		{"status: {containerStatuses: [{name: main, ready: true, state: {running: {}}}]}", nil},
		{"status: {conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: 0/2 nodes are available}]}",
			[]string{"PodScheduled is False: Unschedulable: 0/2 nodes are available"}},
		{`status: {containerStatuses: [{name: main, ready: false, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "a/b:1"'}}}]}`,
			[]string{`container main is waiting: ImagePullBackOff, Back-off pulling image "a/b:1"`}},
		{`status: {containerStatuses: [{name: main, ready: false, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {reason: Error, exitCode: 2, message: no flag}}}]}`,
			[]string{"container main is waiting: CrashLoopBackOff", "container main ended before: Error, exit code 2, no flag"}},
		{"status: {containerStatuses: [{name: main, ready: false, state: {running: {}}}]}", []string{"container main runs but is not ready"}},
	} {
		if diff := cmp.Diff(test.want, PodTroubles(parse(t, test.live))); diff != "" {
			t.Errorf("%s: %s", test.live, diff)
		}
	}
}

func TestDeploymentTroubles(t *testing.T) {
	deployment := parse(t, "status: {conditions: [{type: Available, status: 'False', reason: MinimumReplicasUnavailable}, {type: Progressing, status: 'True'}, {type: ReplicaFailure, status: 'True', message: quota}]}")
	want := []string{"Available is False: MinimumReplicasUnavailable", "ReplicaFailure is True: quota"}
	if diff := cmp.Diff(want, DeploymentTroubles(deployment)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryRenderedObjectIsOfAKnownKind(t *testing.T) {
	phases, err := manifests.Render(manifests.Options{CreateNamespace: true, WatchNamespaces: []string{"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range manifests.Objects(phases) {
		ref, err := RefOf(object)
		if err != nil {
			t.Fatal(err)
		}
		if parsed, err := ParseID(ref.String()); err != nil || parsed != ref {
			t.Errorf("%q reads as %v: %v", ref, parsed, err)
		}
	}
	if _, err := ParseID("pods keda/x"); err == nil {
		t.Error("pods are no part of an installation")
	}
	stranger := &unstructured.Unstructured{}
	stranger.SetGroupVersionKind(metav1.SchemeGroupVersion.WithKind("Status"))
	if _, err := RefOf(stranger); err == nil {
		t.Error("a Status is no part of an installation")
	}
}

func TestObjectsGoInASafeOrder(t *testing.T) {
	phases, err := manifests.Render(manifests.Options{CreateNamespace: true})
	if err != nil {
		t.Fatal(err)
	}
	var refs []kube.Ref
	for _, object := range manifests.Objects(phases) {
		ref, err := RefOf(object)
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	byRank(refs)
	var order []string
	for _, ref := range refs {
		order = append(order, ref.Resource.Resource)
	}
	order = slices.Compact(order)
	want := []string{"validatingwebhookconfigurations", "apiservices", "deployments", "services", "rolebindings", "roles", "clusterrolebindings",
		"clusterroles", "serviceaccounts", "namespaces", "customresourcedefinitions"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Error(diff)
	}
}

func TestInUseErrorNamesSome(t *testing.T) {
	err := &InUseError{Names: []string{"scaledobjects.keda.sh a/b", "scaledjobs.keda.sh c/d"}, Count: 7}
	if want := "7 objects still use the installation: scaledobjects.keda.sh a/b, scaledjobs.keda.sh c/d and 5 more"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}
