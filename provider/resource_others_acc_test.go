// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

var emptyAfter = resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

func TestAccScaledJob(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	job := func(image string, max int) string {
		return fmt.Sprintf(`
resource "keda_scaled_job" "csv" {
  name      = "csv"
  namespace = %q
  wait      = false
  job_template = yamldecode(<<-YAML
    backoffLimit: 4
    template:
      spec:
        restartPolicy: Never
        containers:
        - name: main
          image: %s
          ports:
          - containerPort: 80
          env:
          - name: LIST
            value: csvs-to-process
          resources:
            requests: { cpu: 1000m, memory: 64Mi }
  YAML
  )
  polling_interval  = 10
  max_replica_count = %d
  rollout {
    strategy = "gradual"
  }
  trigger {
    redis {
      address     = ["redis:6379"]
      list_name   = "csvs-to-process"
      list_length = 1
    }
  }
}
`, c.Namespace, image, max)
	}
	image := tfjsonpath.New("job_template").AtMapKey("template").AtMapKey("spec").AtMapKey("containers").AtSliceIndex(0).AtMapKey("image")
	run(t, c,
		resource.TestStep{
			Config: job("busybox:1", 5), ConfigPlanChecks: emptyAfter,
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("keda_scaled_job.csv", image, knownvalue.StringExact("busybox:1"))},
		},
		resource.TestStep{Config: job("busybox:2", 5), ConfigPlanChecks: resource.ConfigPlanChecks{
			PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction("keda_scaled_job.csv", plancheck.ResourceActionUpdate)},
			PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
		}},
		resource.TestStep{
			ResourceName: "keda_scaled_job.csv", ImportState: true, ImportStateId: c.Namespace + "/csv",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "uid", ImportStateVerifyIgnore: []string{"wait"},
		},
	)
}

func TestAccTriggerAuthentication(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	authentication := func(key string) string {
		return fmt.Sprintf(`
resource "keda_trigger_authentication" "sqs" {
  name      = "sqs"
  namespace = %[1]q
  secret_target_ref {
    parameter = "awsAccessKeyID"
    name      = "aws"
    key       = %[2]q
  }
  env {
    parameter = "awsSecretAccessKey"
    name      = "SECRET"
  }
  hashicorp_vault {
    address        = "http://vault:8200"
    authentication = "token"
    credential {
      token = "s.token"
    }
    secret {
      parameter = "p"
      path      = "kv/a"
      key       = "k"
    }
  }
  oauth2 {
    client_id = "keda"
    client_secret {
      name = "oauth"
      key  = "secret"
    }
    token_url = "https://login.example.com/token"
    scopes    = ["read"]
  }
}

resource "keda_cluster_trigger_authentication" "all" {
  name = %[1]q
  pod_identity {
    provider = "aws"
  }
}
`, c.Namespace, key)
	}
	run(t, c,
		resource.TestStep{Config: authentication("id"), ConfigPlanChecks: emptyAfter},
		resource.TestStep{
			Config: authentication("key"), ConfigPlanChecks: emptyAfter,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectSensitiveValue("keda_trigger_authentication.sqs", tfjsonpath.New("hashicorp_vault").AtMapKey("credential").AtMapKey("token")),
			},
		},
		resource.TestStep{
			ResourceName: "keda_trigger_authentication.sqs", ImportState: true, ImportStateId: c.Namespace + "/sqs",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "uid",
		},
		resource.TestStep{
			ResourceName: "keda_cluster_trigger_authentication.all", ImportState: true, ImportStateId: c.Namespace,
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "uid",
		},
	)
}

// TestAccImportedJobLosesWhatIsTakenOut: items of lists that kubectl set stay with
// kubectl too, and would be drift for ever.
func TestAccImportedJobLosesWhatIsTakenOut(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	variable := func(name string) map[string]any { return map[string]any{"name": name, "value": "x"} }
	container := func(name string, env ...any) map[string]any {
		return map[string]any{"name": name, "image": "x", "command": []any{"sh"}, "env": env}
	}
	template := func(containers ...any) map[string]any {
		return map[string]any{"template": map[string]any{"spec": map[string]any{"restartPolicy": "Never", "containers": containers}}}
	}
	c.Apply("scaledjobs", "kubectl", map[string]any{"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob",
		"metadata": map[string]any{"name": "shared", "namespace": c.Namespace},
		"spec": map[string]any{
			"jobTargetRef": template(container("side", variable("Z")), container("main", variable("A"), variable("B"), variable("C"))),
			"triggers":     []any{map[string]any{"type": "redis", "metadata": map[string]any{"address": "redis:6379", "listName": "jobs"}}},
		}})
	s := acctest.NewSession(t, New("test")).Configure(map[string]any{"config_path": c.Config})
	const kind = "keda_scaled_job"
	state, _ := s.Import(kind, c.Namespace+"/shared")
	main := container("main", variable("C"))
	delete(main, "command")
	config := func(force bool) map[string]any {
		return map[string]any{"name": "shared", "namespace": c.Namespace, "wait": false, "force_conflicts": force, "job_template": template(main),
			"trigger": []any{map[string]any{"redis": map[string]any{"address": []any{"redis:6379"}, "list_name": "jobs"}}}}
	}
	update := func(force bool) (tftypes.Value, string) {
		wanted := s.Config(kind, config(force))
		plan, _ := s.Plan(kind, state, wanted)
		after, diagnostics := s.Apply(kind, state, plan, wanted)
		return after, acctest.Text(diagnostics)
	}
	after, text := update(false)
	contains(t, text, `The item {"name":"side"} of a list is not in the configuration any more, but kubectl has set it too`, `The item {"name":"A"} of a list`, `The item {"name":"B"} of a list`,
		"At job_template.template.spec.containers[1].env[1].", "command is not in the configuration any more", "force_conflicts = true")
	if !after.Equal(state) || strings.Contains(text, `"C"`) {
		t.Errorf("the state is %s; %s", after, text)
	}
	if state, text = update(true); text != "" {
		t.Fatal(text)
	}
	unchanged(t, s, kind, state, config(true))
}
