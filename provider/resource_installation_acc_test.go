// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

const thisInstallation = "keda_installation.this"

// bare is a cluster of the test's own, because an installation is of the whole
// cluster. Its pods are simulated: they become Ready but serve nothing.
type bare struct {
	t      *testing.T
	client dynamic.Interface
	config string
}

func newBare(t *testing.T) *bare {
	t.Helper()
	acctest.Terraform(t)
	c := cluster.Start(t, cluster.Options{})
	config, err := c.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &bare{t: t, client: client, config: c.Kubeconfig()}
}

// at names objects as kubectl does: deployments.v1.apps, or namespaces.v1.
func (b *bare) at(resource, namespace string) dynamic.ResourceInterface {
	parts := strings.SplitN(resource+"..", ".", 3)
	gvr := runtimeschema.GroupVersionResource{Resource: parts[0], Version: parts[1], Group: strings.Trim(parts[2], ".")}
	if namespace == "" {
		return b.client.Resource(gvr)
	}
	return b.client.Resource(gvr).Namespace(namespace)
}

func (b *bare) create(manager, resource string, object map[string]any) {
	b.t.Helper()
	u := &unstructured.Unstructured{Object: object}
	_, err := b.at(resource, u.GetNamespace()).Create(context.Background(), u, metav1.CreateOptions{FieldManager: manager})
	if err != nil {
		b.t.Fatalf("create %s %s: %v", resource, u.GetName(), err)
	}
}

func (b *bare) patch(resource, namespace, name, patch string) {
	b.t.Helper()
	_, err := b.at(resource, namespace).Patch(context.Background(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-edit"})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bare) delete(resource, namespace, name string) {
	b.t.Helper()
	if err := b.at(resource, namespace).Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
		b.t.Fatal(err)
	}
}

// get returns nil for what is not there.
func (b *bare) get(resource, namespace, name string) *unstructured.Unstructured {
	b.t.Helper()
	object, err := b.at(resource, namespace).Get(context.Background(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return object
}

const (
	crds          = "customresourcedefinitions.v1.apiextensions.k8s.io"
	deployments   = "deployments.v1.apps"
	apiServices   = "apiservices.v1.apiregistration.k8s.io"
	scaledObjects = "scaledobjects.v1alpha1.keda.sh"
	webhooks      = "validatingwebhookconfigurations.v1.admissionregistration.k8s.io"
	roles         = "roles.v1.rbac.authorization.k8s.io"
	roleBindings  = "rolebindings.v1.rbac.authorization.k8s.io"
	externalAPI   = "v1beta1.external.metrics.k8s.io"
)

func (b *bare) scaledObject(name string, finalizers ...any) {
	b.t.Helper()
	b.create("kubectl", scaledObjects, map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
		"metadata": map[string]any{"name": name, "namespace": "default", "finalizers": finalizers},
		"spec": map[string]any{"scaleTargetRef": map[string]any{"name": "app"}, "triggers": []any{
			map[string]any{"type": "cron", "metadata": map[string]any{"timezone": "UTC", "start": "0 8 * * *", "end": "0 18 * * *", "desiredReplicas": "1"}}}},
	})
}

func (b *bare) run(check func() error, steps ...resource.TestStep) {
	b.t.Helper()
	for i := range steps {
		steps[i].Config = fmt.Sprintf("provider \"keda\" {\n  config_path = %q\n}\n", b.config) + steps[i].Config
	}
	resource.Test(b.t, resource.TestCase{ProtoV6ProviderFactories: factories(), Steps: steps,
		CheckDestroy: func(*terraform.State) error { return check() }})
}

// inventoryBefore checks what the plan says an object was like.
type inventoryBefore map[string]string

func (want inventoryBefore) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		if change.Address != thisInstallation {
			continue
		}
		before, _ := change.Change.Before.(map[string]any)
		inventory, _ := before["inventory"].(map[string]any)
		for id, state := range want {
			if inventory[id] != state {
				resp.Error = errors.Join(resp.Error, fmt.Errorf("%s was %v, want %s", id, inventory[id], state))
			}
		}
		return
	}
	resp.Error = errors.New("the plan does not speak of the installation")
}

func installs(action plancheck.ResourceActionType, more ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply:             append(more, plancheck.ExpectResourceAction(thisInstallation, action)),
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

func TestAccInstallation(t *testing.T) {
	b := newBare(t)
	hcl := func(arguments string) string {
		return "resource \"keda_installation\" \"this\" {\n" + arguments + "\n}\n"
	}
	exists := func(resource, namespace, name string, want bool) statecheck.StateCheck {
		return clusterCheck(func() error {
			if got := b.get(resource, namespace, name) != nil; got != want {
				return fmt.Errorf("%s %s is there: %v, want %v", resource, name, got, want)
			}
			return nil
		})
	}
	b.run(func() error {
		for _, gone := range [][3]string{{"namespaces.v1", "", "keda"}, {apiServices, "", externalAPI}, {webhooks, "", "keda-admission"},
			{"clusterroles.v1.rbac.authorization.k8s.io", "", "keda-operator"}, {scaledObjects, "default", "second"}} {
			if b.get(gone[0], gone[1], gone[2]) != nil {
				return fmt.Errorf("%s %s is still there", gone[0], gone[2])
			}
		}
		if b.get(crds, "", "scaledobjects.keda.sh") == nil {
			return errors.New("the CRDs were deleted")
		}
		return nil
	},
		resource.TestStep{
			// Nothing serves metrics here, so the installation gets as far as that.
			Config: hcl("  timeouts {\n    create = \"20s\"\n  }"),
			ExpectError: says("stopped in phase apiservice", "Waiting for apiservices.apiregistration.k8s.io v1beta1.external.metrics.k8s.io took too long",
				"Available is False", "kubectl describe apiservices.apiregistration.k8s.io", "wait = false"),
		},
		resource.TestStep{
			// The failed installation is replaced. That must not cost anybody's
			// objects, nor ask about them.
			PreConfig: func() { b.scaledObject("first") },
			Config:    hcl("  wait = false"),
			ConfigStateChecks: []statecheck.StateCheck{
				inState("id", knownvalue.StringExact("keda")),
				inState("version", knownvalue.StringExact("test")),
				inState("inventory", knownvalue.MapSizeExact(27)),
				exists(scaledObjects, "default", "first", true),
				exists(webhooks, "", "keda-admission", true),
			},
			ConfigPlanChecks: installs(plancheck.ResourceActionDestroyBeforeCreate),
		},
		resource.TestStep{
			// Somebody meddles: the plan names objects and fields.
			PreConfig: func() {
				b.patch(deployments, "keda", "keda-operator", `{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}}`)
				b.delete("clusterroles.v1.rbac.authorization.k8s.io", "", "keda:view")
			},
			Config: hcl("  wait = false"),
			ConfigPlanChecks: installs(plancheck.ResourceActionUpdate, inventoryBefore{
				"deployments.apps keda/keda-operator":              "differs: spec.template.spec.terminationGracePeriodSeconds",
				"clusterroles.rbac.authorization.k8s.io keda:view": "missing",
			}),
			ConfigStateChecks: []statecheck.StateCheck{exists("clusterroles.v1.rbac.authorization.k8s.io", "", "keda:view", true)},
		},
		resource.TestStep{
			ResourceName: thisInstallation, ImportState: true, ImportStateId: "keda", ImportStateVerify: true,
			Config:                  hcl("  wait = false"),
			ImportStateVerifyIgnore: []string{"wait"},
		},
		resource.TestStep{
			// What is no longer part of it goes.
			Config: hcl("  wait = false\n  webhook {\n    enabled = false\n  }\n  controller {\n    replicas = 2\n    resources {\n" +
				"      requests = { cpu = \"1000m\" }\n    }\n  }\n  toleration {\n    key = \"a\"\n    operator = \"Exists\"\n  }"),
			ConfigPlanChecks: installs(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				exists(webhooks, "", "keda-admission", false),
				inState("inventory", knownvalue.MapSizeExact(26)),
			},
		},
		resource.TestStep{
			// A narrower scope takes rights away; the next step gives them back.
			Config: hcl("  wait = false\n  watch_namespaces = [\"default\"]\n  watch_label_selector = \"team=shop\"\n  restrict_secret_access = true\n" +
				"  service_account_tokens {\n    account {\n      namespace = \"default\"\n      name      = \"vault\"\n    }\n  }"),
			ConfigPlanChecks: installs(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				exists(roles, "keda", "keda-operator-sources", true),
				exists(roles, "default", "keda-operator-tokens", true),
				exists(roleBindings, "default", "keda-operator-watched", true),
			},
		},
		resource.TestStep{
			// Somebody widens the rights: the plan says where.
			PreConfig: func() {
				b.patch(roles, "default", "keda-operator-tokens", `{"rules":[{"apiGroups":[""],"resources":["serviceaccounts/token"],"verbs":["create"]}]}`)
			},
			Config: hcl("  wait = false"),
			ConfigPlanChecks: installs(plancheck.ResourceActionUpdate, inventoryBefore{
				"roles.rbac.authorization.k8s.io default/keda-operator-tokens": "differs: rules[0].resourceNames",
			}),
			ConfigStateChecks: []statecheck.StateCheck{
				exists(roles, "keda", "keda-operator-sources", false),
				exists(roles, "default", "keda-operator-tokens", false),
				exists(roleBindings, "default", "keda-operator-watched", false),
				inState("inventory", knownvalue.MapSizeExact(27)),
			},
		},
		resource.TestStep{
			Config:      hcl("  wait = false") + "resource \"keda_installation\" \"second\" {\n  namespace = \"elsewhere\"\n}\n",
			ExpectError: says("A cluster has one installation", "in namespace keda serves the whole cluster already"),
		},
		resource.TestStep{
			Config:      hcl("  wait = false"),
			Destroy:     true,
			ExpectError: says("The installation is in use", "1 objects need it", "scaledobjects.keda.sh default/first", `on_destroy = "drain"`),
		},
		resource.TestStep{
			PreConfig: func() { b.scaledObject("second") },
			Config:    hcl("  wait = false\n  on_destroy = \"drain\""),
		},
	)
}

func inState(argument string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(thisInstallation, tfjsonpath.New(argument), value)
}

// clusterCheck is a check of the cluster among those of the state.
type clusterCheck func() error

func (c clusterCheck) CheckState(_ context.Context, _ statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	resp.Error = c()
}

// helmKEDA puts into the cluster what Helm would have: some objects of KEDA's
// chart, whose metrics adapter has another name.
func (b *bare) helmKEDA() {
	b.t.Helper()
	meta := func(name string) map[string]any {
		return map[string]any{"name": name, "labels": map[string]any{"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "keda-2.20.2"},
			"annotations": map[string]any{"meta.helm.sh/release-name": "keda", "meta.helm.sh/release-namespace": "keda"}}
	}
	b.create("kubectl", "namespaces.v1", map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "keda"}})
	for _, name := range []string{"keda-operator", "keda-operator-metrics-apiserver", "keda-admission-webhooks"} {
		metadata := meta(name)
		metadata["namespace"] = "keda"
		b.create("helm", deployments, map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": map[string]any{
			"selector": map[string]any{"matchLabels": map[string]any{"app": name}},
			"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{"app": name}}, "spec": map[string]any{
				"containers": []any{map[string]any{"name": name, "image": "kedacore/keda:2.20.2", "command": []any{"/keda"},
					"env": []any{map[string]any{"name": "KEDA_HTTP_DEFAULT_TIMEOUT", "value": "3000"}}}},
				"volumes": []any{map[string]any{"name": "certificates", "emptyDir": map[string]any{}}},
			}},
		}})
	}
	b.create("helm", apiServices, map[string]any{"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": meta(externalAPI), "spec": map[string]any{
		"group": "external.metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
		"service": map[string]any{"name": "keda-operator-metrics-apiserver", "namespace": "keda", "port": 443}, "caBundle": "QUJD"}})
}

func TestAccInstallationAdoptsHelm(t *testing.T) {
	b := newBare(t)
	b.helmKEDA()
	hcl := func(arguments string) string {
		return "resource \"keda_installation\" \"this\" {\n  wait = false\n" + arguments + "\n}\n"
	}
	b.run(func() error {
		if b.get("namespaces.v1", "", "keda") == nil {
			return errors.New("a namespace was deleted that somebody else made")
		}
		if b.get(scaledObjects, "default", "held") != nil {
			return errors.New("the object with the finalizer is still there")
		}
		return nil
	},
		resource.TestStep{
			Config:      hcl(""),
			ExpectError: says("KEDA is there already", "belong to Helm release keda/keda", "adopt = true", "deployments.apps keda/keda-operator"),
		},
		resource.TestStep{
			Config:      hcl("  namespace = \"other\"\n  adopt = true"),
			ExpectError: says("KEDA is installed in namespace keda by Helm release keda/keda", `namespace = "keda" and adopt = true`),
		},
		resource.TestStep{
			Config:           hcl("  adopt = true"),
			ConfigPlanChecks: installs(plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{clusterCheck(func() error {
				adopted := b.get(deployments, "keda", "keda-operator")
				text := fmt.Sprint(adopted.Object["spec"], adopted.GetAnnotations(), adopted.GetLabels())
				for _, trace := range []string{"helm", "Helm", "KEDA_HTTP_DEFAULT_TIMEOUT", "certificates", "/keda]", "kedacore"} {
					if strings.Contains(text, trace) {
						return fmt.Errorf("%q is left over in %s", trace, text)
					}
				}
				if b.get(deployments, "keda", "keda-operator-metrics-apiserver") != nil || b.get(deployments, "keda", "keda-admission-webhooks") != nil {
					return errors.New("superseded Deployments are still there")
				}
				return nil
			})},
		},
		resource.TestStep{
			// Without a controller nobody removes the finalizer, so a drain does.
			PreConfig: func() {
				b.scaledObject("held", "finalizer.keda.sh")
				b.patch(deployments, "keda", "keda-operator", `{"spec":{"replicas":0}}`)
				b.eventually(func() bool {
					available, _, _ := unstructured.NestedInt64(b.get(deployments, "keda", "keda-operator").Object, "status", "availableReplicas")
					return available == 0
				})
			},
			Config: hcl("  adopt = true\n  on_destroy = \"drain\""),
		},
	)
}

func (b *bare) eventually(done func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatal("waited in vain")
		}
	}
}
