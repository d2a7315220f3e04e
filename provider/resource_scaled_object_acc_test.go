// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

const (
	crdFolder = "../controller/manifests/crds"
	consumer  = "keda_scaled_object.consumer"
)

func factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"keda": Server("test"),
	}
}

// run runs the steps with a provider for the cluster.
func run(t *testing.T, c *acctest.Cluster, steps ...resource.TestStep) {
	t.Helper()
	for i := range steps {
		if steps[i].Config != "" {
			steps[i].Config = fmt.Sprintf("provider \"keda\" {\n  config_path = %q\n}\n", c.Config) + steps[i].Config
		}
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(), Steps: steps})
}

// says matches texts one after the other, however Terraform breaks the lines.
func says(texts ...string) *regexp.Regexp {
	for i, text := range texts {
		texts[i] = strings.ReplaceAll(regexp.QuoteMeta(text), " ", `\s+`)
	}
	return regexp.MustCompile("(?s)" + strings.Join(texts, ".*"))
}

// consumerHCL is a scaled object with further arguments.
func consumerHCL(c *acctest.Cluster, more string) string {
	return fmt.Sprintf(`
resource "keda_scaled_object" "consumer" {
  name      = "consumer"
  namespace = %q
  wait      = false
  scale_target_ref {
    name = "consumer"
  }
  trigger {
    aws_sqs_queue {
      queue_url    = "https://sqs.eu-west-3.amazonaws.com/123456789012/jobs"
      aws_region   = "eu-west-3"
      queue_length = 5
    }
    authentication_ref {
      name = "aws"
    }
  }
  trigger {
    type     = "redis"
    metadata = { address = "redis:6379", listName = "jobs", listLength = 10 }
  }
  fallback {
    failure_threshold = 3
    replicas          = 6
  }
  %s
}
`, c.Namespace, more)
}

func TestAccScaledObject(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	max := func(n int64) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(consumer, tfjsonpath.New("max_replica_count"), knownvalue.Int64Exact(n))
	}
	action := func(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(consumer, a)},
			PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	}
	run(t, c,
		resource.TestStep{
			Config: consumerHCL(c, "max_replica_count = 20"),
			ConfigStateChecks: []statecheck.StateCheck{
				max(20),
				statecheck.ExpectKnownValue(consumer, tfjsonpath.New("hpa_name"), knownvalue.StringExact("keda-hpa-consumer")),
				statecheck.ExpectKnownValue(consumer, tfjsonpath.New("uid"), knownvalue.NotNull()),
				statecheck.ExpectKnownValue(consumer, tfjsonpath.New("trigger").AtSliceIndex(1).AtMapKey("metadata").AtMapKey("listLength"), knownvalue.StringExact("10")),
			},
			ConfigPlanChecks: action(plancheck.ResourceActionCreate),
		},
		resource.TestStep{
			Config:            consumerHCL(c, "max_replica_count = 30\n  paused = true"),
			ConfigStateChecks: []statecheck.StateCheck{max(30)},
			ConfigPlanChecks:  action(plancheck.ResourceActionUpdate),
		},
		resource.TestStep{
			// Somebody changes a field: a plan shows it, an apply does not
			// silently take it back.
			PreConfig: func() {
				c.Patch("scaledobjects", "consumer", map[string]any{"spec": map[string]any{"maxReplicaCount": 7}})
			},
			Config:      consumerHCL(c, "max_replica_count = 30\n  paused = true"),
			ExpectError: says(`Field owned by "kubectl-edit"`, "force_conflicts = true"),
		},
		resource.TestStep{
			Config:            consumerHCL(c, "max_replica_count = 30\n  paused = true\n  force_conflicts = true"),
			ConfigStateChecks: []statecheck.StateCheck{max(30)},
			ConfigPlanChecks:  action(plancheck.ResourceActionUpdate),
		},
		resource.TestStep{
			ResourceName: consumer, ImportState: true, ImportStateId: c.Namespace + "/consumer",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "uid",
			// An import cannot know these, and it prefers the typed block.
			ImportStateVerifyIgnore: []string{"wait", "force_conflicts", "trigger.1."},
		},
	)
}

func TestAccScaledObjectWithUnknownValues(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	known := func(max int) string {
		return fmt.Sprintf("resource \"terraform_data\" \"max\" {\n  input = %d\n}\n", max) +
			consumerHCL(c, "max_replica_count = terraform_data.max.output\n  min_replica_count = 15")
	}
	unknown := []plancheck.PlanCheck{plancheck.ExpectUnknownValue(consumer, tfjsonpath.New("max_replica_count"))}
	run(t, c,
		resource.TestStep{
			Config:            known(20),
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: unknown, PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(consumer, tfjsonpath.New("max_replica_count"), knownvalue.Int64Exact(20))},
		},
		resource.TestStep{
			// What a plan could not see, the apply does.
			Config:      known(10),
			ExpectError: says("min_replica_count = 15 must not be greater"),
		},
	)
}

func TestAccScaledObjectWaits(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	waiting := func(name, more string) string {
		return fmt.Sprintf(`
resource "keda_scaled_object" "consumer" {
  name      = %q
  namespace = %q
  %s
  scale_target_ref {
    name = "consumer"
  }
  trigger {
    cron {
      timezone         = "Europe/Paris"
      start            = "0 8 * * *"
      end              = "0 18 * * *"
      desired_replicas = 3
    }
  }
}
`, name, c.Namespace, more)
	}
	c.Report("scaledobjects", "ready", "True", "ScaledObjectReady", "")
	c.Report("scaledobjects", "refused", "False", "ScaledObjectCheckFailed", "deployments.apps consumer not found")
	run(t, c,
		resource.TestStep{
			Config:           waiting("ready", ""),
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		resource.TestStep{
			Config:      waiting("refused", "timeouts {\n    create = \"3s\"\n  }"),
			ExpectError: says("ScaledObject refused is not Ready", "deployments.apps consumer not found"),
		},
	)
}

func TestAccScaledObjectExists(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	copyHCL := `
resource "keda_scaled_object" "copy" {
  name      = keda_scaled_object.consumer.name
  namespace = keda_scaled_object.consumer.namespace
  wait      = false
  scale_target_ref {
    name = "other"
  }
  trigger {
    redis {
      address   = ["redis:6379"]
      list_name = "jobs"
    }
  }
}
`
	run(t, c, resource.TestStep{
		Config:      consumerHCL(c, "") + copyHCL,
		ExpectError: says("already exists", "import {"),
	})
}

// TestAccNothingIsCreatedTwice: Kubernetes itself refuses to create what another
// client has made since Terraform looked.
func TestAccNothingIsCreatedTwice(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	client, err := settings{configPaths: []string{c.Config}, fieldManager: "test"}.connect()
	if err != nil {
		t.Fatal(err)
	}
	ref := scaledObject().ref(convert.Blank(scaledObject().wire, map[string]tftypes.Value{
		"name": tftypes.NewValue(tftypes.String, "new"), "namespace": tftypes.NewValue(tftypes.String, c.Namespace)}))
	apply := func() error {
		_, err := client.Apply(t.Context(), ref, map[string]any{"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
			"metadata": map[string]any{"name": "new", "namespace": c.Namespace, "resourceVersion": kube.NotThere},
			"spec": map[string]any{"scaleTargetRef": map[string]any{"name": "app"}, "triggers": []any{
				map[string]any{"type": "cron", "metadata": map[string]any{"timezone": "UTC", "start": "0 8 * * *", "end": "0 18 * * *", "desiredReplicas": "1"}}}}}, true)
		return err
	}
	if _, err := client.Absent(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if err := apply(); err != nil {
		t.Fatal(err)
	}
	if err := apply(); !errors.Is(err, kube.ErrExists) {
		t.Errorf("the second creation says %v", err)
	}
}

func TestAccPlanNeedsNoCluster(t *testing.T) {
	acctest.Terraform(t)
	nowhere := &acctest.Cluster{Config: "/nonexistent/kubeconfig", Namespace: "default"}
	run(t, nowhere,
		resource.TestStep{Config: consumerHCL(nowhere, ""), PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config:      consumerHCL(nowhere, ""),
			ExpectError: says(`kubeconfig "/nonexistent/kubeconfig"`, "KUBE_HOST"),
		},
	)
}

func TestAccProviderConfigurationUnknown(t *testing.T) {
	acctest.Terraform(t)
	nowhere := &acctest.Cluster{Namespace: "default"}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(), Steps: []resource.TestStep{{
		Config: "resource \"terraform_data\" \"cluster\" {\n  input = \"http://127.0.0.1:1\"\n}\n" +
			"provider \"keda\" {\n  host = terraform_data.cluster.output\n}\n" + consumerHCL(nowhere, ""),
		PlanOnly: true, ExpectNonEmptyPlan: true,
	}}})
}

// TestAccMistakes are those that Terraform itself finds, because structure is
// written in blocks.
func TestAccMistakes(t *testing.T) {
	acctest.Terraform(t)
	nowhere := &acctest.Cluster{Namespace: "default"}
	tests := map[string]struct{ more, want string }{
		"a misspelt argument":          {"polling_intervall = 5", `Did you mean "polling_interval"`},
		"a misspelt block":             {"fallbak {\n  }", `Did you mean "fallback"`},
		"a misspelt typed block":       {"trigger {\n    rediss {\n    }\n  }", `Did you mean "redis"`},
		"a misspelt parameter":         {"trigger {\n    redis {\n      list_lengh = 5\n    }\n  }", `Did you mean "list_length"`},
		"a parameter of another type":  {"trigger {\n    redis {\n      list_length = \"many\"\n    }\n  }", `a number is required`},
		"a misspelt parameter in maps": {"trigger {\n    type     = \"redis\"\n    metadata = { address = \"a:1\", listNam = \"x\" }\n  }", `Did you mean "listName"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run(t, nowhere, resource.TestStep{Config: consumerHCL(nowhere, test.more), PlanOnly: true, ExpectError: says(test.want)})
		})
	}
}

// TestAccUpdateMeansTheObjectThatWasPlanned holds the answers of an API server
// against those of the one in memory.
func TestAccUpdateMeansTheObjectThatWasPlanned(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	s := acctest.NewSession(t, New("test")).Configure(map[string]any{"config_path": c.Config})
	config := func() map[string]any { return with(typedConfig(), map[string]any{"namespace": c.Namespace}) }
	state := s.Create(scaledObjectType, config())
	wanted := s.Config(scaledObjectType, with(config(), map[string]any{"min_replica_count": 2}))
	plan, _ := s.Plan(scaledObjectType, state, wanted)
	null := tftypes.NewValue(state.Type(), nil)
	if _, diagnostics := s.Apply(scaledObjectType, state, null, null); len(diagnostics) > 0 {
		t.Fatal(acctest.Text(diagnostics))
	}
	_, diagnostics := s.Apply(scaledObjectType, state, plan, wanted)
	contains(t, acctest.Text(diagnostics), "Not the object that was planned")
	s.Create(scaledObjectType, config())
	_, diagnostics = s.Apply(scaledObjectType, state, plan, wanted)
	contains(t, acctest.Text(diagnostics), "Not the object that was planned")
}

// TestAccNoSuchNamespace creates an object where it cannot be.
func TestAccNoSuchNamespace(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	s := acctest.NewSession(t, New("test")).Configure(map[string]any{"config_path": c.Config})
	contains(t, create(s, scaledObjectType, with(typedConfig(), map[string]any{"namespace": "nowhere"})),
		`there is no namespace "nowhere"; create it first`, "At namespace.")
}

// TestAccImportedObjectLosesWhatIsTakenOut: what kubectl set stays with kubectl after
// an import, and an apply alone does not remove it. A plan that says so must not
// end as if it had.
func TestAccImportedObjectLosesWhatIsTakenOut(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	c.Apply("scaledobjects", "kubectl", map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
		"metadata": map[string]any{"name": "consumer", "namespace": c.Namespace, "labels": map[string]any{"team": "data"}, "annotations": map[string]any{"autoscaling.keda.sh/paused": "true"}},
		"spec": map[string]any{
			"scaleTargetRef": map[string]any{"name": "consumer"}, "minReplicaCount": int64(2), "fallback": map[string]any{"failureThreshold": int64(3), "replicas": int64(6)},
			"triggers": []any{map[string]any{"type": "redis", "metadata": map[string]any{"address": "redis:6379", "listName": "jobs", "listLength": "5"}}},
		}})
	c.Patch("scaledobjects", "consumer", map[string]any{"metadata": map[string]any{"labels": map[string]any{"other": "kept"}}})
	s := acctest.NewSession(t, New("test")).Configure(map[string]any{"config_path": c.Config, "ignore_labels": []any{"other"}})
	state, _ := s.Import(scaledObjectType, c.Namespace+"/consumer")
	update := func(force bool) (tftypes.Value, string) {
		config := s.Config(scaledObjectType, with(typedConfig(), map[string]any{"namespace": c.Namespace, "force_conflicts": force, "trigger": typedConfig()["trigger"].([]any)[:1]}))
		plan, _ := s.Plan(scaledObjectType, state, config)
		after, diagnostics := s.Apply(scaledObjectType, state, plan, config)
		return after, acctest.Text(diagnostics)
	}
	after, text := update(false)
	contains(t, text, "paused is not in the configuration any more, but kubectl has set it too", "force_conflicts = true", "At min_replica_count.", "At fallback.", `At labels["team"].`)
	if !after.Equal(state) {
		t.Errorf("the state is %s", after)
	}
	if _, text = update(true); text != "" {
		t.Fatal(text)
	}
	state, _ = acctest.NewSession(t, New("test")).Configure(map[string]any{"config_path": c.Config}).Import(scaledObjectType, c.Namespace+"/consumer")
	for _, name := range []string{"paused", "min_replica_count", "fallback"} {
		if left := convert.Attribute(state, name); !left.IsNull() {
			t.Errorf("%s is still %s", name, left)
		}
	}
	if labels := convert.Attribute(state, "labels").String(); strings.Contains(labels, "team") || !strings.Contains(labels, "kept") {
		t.Errorf("the labels are %s", labels)
	}
}
