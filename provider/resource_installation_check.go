// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
)

// examine reports everything that is wrong with a configuration, as far as it is
// known.
func (r *installation) examine(e *convert.Expansion, config tftypes.Value, diags *diag.Diagnostics) {
	for _, p := range e.Problems {
		diags.AddAttributeError(p.Path, p.Summary, at(p.Path, p.Detail))
	}
	examineTimeouts(config, diags)
	invalid := refuser(diags)
	examineScope(e.Object, invalid)
	examinePods(e, invalid)
}

// examineScope checks what the controller is to work on.
func examineScope(object map[string]any, invalid refusal) {
	for name, key := range map[string]string{"namespace": "namespace", "cluster_object_namespace": "clusterObjectNamespace"} {
		if namespace, ok := object[key].(string); ok {
			invalid(path.Root(name), namespace, validation.IsDNS1123Label(namespace))
		}
	}
	for name, key := range map[string]string{"watch_label_selector": "watchLabelSelector", "watch_label_selector_for_triggerauth": "watchAuthenticationLabelSelector"} {
		if selector, ok := object[key].(string); ok {
			invalid(path.Root(name), selector, selectorProblems(selector))
		}
	}
	examineTokens(object["serviceAccountTokens"], invalid)
	examineTargets(object["scaleTargets"], invalid)
	if watched, ok := object["watchNamespaces"].([]any); ok {
		for i, namespace := range watched {
			invalid(path.Root("watch_namespaces").AtListIndex(i), namespace, validation.IsDNS1123Label(fmt.Sprint(namespace)))
		}
	}
}

// selectorProblems are those of labels to select by.
func selectorProblems(selector string) []string {
	if _, err := labels.Parse(selector); err != nil {
		return []string{"write it as in kubectl -l, for example team=shop,tier in (web,api): " + err.Error()}
	}
	return nil
}

// examineTargets finds kinds that cannot be, to which the controller would get
// rights that are of no use.
func examineTargets(targets any, invalid refusal) {
	blocks, _ := targets.([]any)
	for i, target := range blocks {
		members, _ := target.(map[string]any)
		place := path.Root("scale_target").AtListIndex(i)
		if group, ok := members["group"].(string); ok && len(validation.IsDNS1123Subdomain(group)) > 0 {
			invalid(place.AtName("group"), group, []string{"write the API group alone, without a version, such as argoproj.io"})
		}
		if plural, ok := members["resource"].(string); ok && len(validation.IsDNS1035Label(plural)) > 0 {
			invalid(place.AtName("resource"), plural, []string{"write the plural name in lower case, as kubectl api-resources shows it, such as rollouts"})
		}
	}
}

func examineTokens(tokens any, invalid refusal) {
	block, _ := tokens.(map[string]any)
	accounts, _ := block["accounts"].([]any)
	place := path.Root("service_account_tokens")
	if block["allowAll"] == true && len(accounts) > 0 {
		invalid(place.AtName("allow_all"), true, []string{"the accounts that are named are among all; remove one of the two"})
	}
	for i, account := range accounts {
		members, _ := account.(map[string]any)
		at := place.AtName("account").AtListIndex(i)
		if namespace, ok := members["namespace"].(string); ok {
			invalid(at.AtName("namespace"), namespace, validation.IsDNS1123Label(namespace))
		}
		if name, ok := members["name"].(string); ok {
			invalid(at.AtName("name"), name, validation.IsDNS1123Subdomain(name))
		}
	}
}
