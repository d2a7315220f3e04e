// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/path"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
)

// examinePods checks what the Deployments are made of. The API server looks at
// them when custom resources and rights are in the cluster already, which is late.
func examinePods(e *convert.Expansion, invalid refusal) {
	reserved := reservedEnv(e.Object)
	for name, key := range map[string]string{"controller": "controller", "metrics_adapter": "metricsAdapter"} {
		place := path.Root(name)
		component, _ := e.Object[key].(map[string]any)
		examineImage(place.AtName("image"), component["image"], "", invalid)
		examineLabels(place.AtName("pod_labels"), component["podLabels"], invalid)
		examineKeys(place.AtName("pod_annotations"), component["podAnnotations"], invalid)
		examineKeys(place.AtName("service_account_annotations"), component["accountAnnotations"], invalid)
		examineResources(place.AtName("resources"), component["resources"], invalid)
		examineEnv(place.AtName("env"), component["env"], reserved[name], invalid)
	}
	examineImage(path.Root("image_registry"), e.Object["imageRegistry"], "/"+manifests.ControllerImage, invalid)
	examineLabels(path.Root("node_selector"), e.Object["nodeSelector"], invalid)
	examineTolerations(e, invalid)
	examinePullSecrets(e.Object["imagePullSecrets"], invalid)
	if class, ok := e.Object["priorityClassName"].(string); ok {
		invalid(path.Root("priority_class_name"), class, validation.IsDNS1123Subdomain(class))
	}
}

// imageReference is what a container runtime takes for the name of an image:
// a registry, a path, a tag and a digest, of which only the path is required.
var imageReference = sync.OnceValue(func() *regexp.Regexp {
	const (
		host   = `(?:[A-Za-z0-9]+(?:[.-]+[A-Za-z0-9]+)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?`
		name   = `[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*`
		tag    = `\w[\w.-]{0,127}`
		digest = `[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,}`
	)
	return regexp.MustCompile(`^(?:` + host + `/)?` + name + `(?:/` + name + `)*(?::` + tag + `)?(?:@` + digest + `)?$`)
})

// examineImage checks an image, or what an image is made of by appending to it.
func examineImage(place path.Path, image any, appended string, invalid refusal) {
	text, ok := image.(string)
	if ok && !imageReference().MatchString(strings.TrimSuffix(text, "/")+appended) {
		invalid(place, text, []string{"write it as for docker pull, such as registry.example.com:5000/team" + appended + ", without https://, spaces or capital letters"})
	}
}

// reservedEnv lists the variables that the installation sets itself, by component.
func reservedEnv(object map[string]any) map[string][]string {
	rest := maps.Clone(object)
	for _, key := range []string{"controller", "metricsAdapter", "tolerations"} {
		delete(rest, key)
	}
	var options manifests.Options
	data, err := json.Marshal(rest)
	if err == nil {
		err = json.Unmarshal(data, &options)
	}
	if err != nil {
		return nil // a plan says so
	}
	phases, _ := manifests.Render(options)
	reserved := map[string][]string{}
	for _, o := range manifests.Objects(phases) {
		name := map[string]string{manifests.ControllerName: "controller", manifests.MetricsAdapterName: "metrics_adapter"}[o.GetName()]
		containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		for _, container := range containers {
			members, _ := container.(map[string]any)
			variables, _ := members["env"].([]any)
			for _, variable := range variables {
				members, _ := variable.(map[string]any)
				reserved[name] = append(reserved[name], fmt.Sprint(members["name"]))
			}
		}
	}
	return reserved
}

func examineEnv(place path.Path, env any, reserved []string, invalid refusal) {
	seen := map[string]int{}
	variables, _ := env.([]any)
	for i, variable := range variables {
		members, _ := variable.(map[string]any)
		at := place.AtListIndex(i)
		if name, ok := members["name"].(string); ok {
			first, twice := seen[name]
			invalid(at.AtName("name"), name, validation.IsRelaxedEnvVarName(name))
			switch {
			case twice:
				invalid(at.AtName("name"), name, []string{fmt.Sprintf("env[%d] has this name already; remove one of the two", first)})
			case slices.Contains(reserved, name):
				invalid(at.AtName("name"), name, []string{"the installation sets this variable itself; use its own argument, such as watch_namespaces, or remove the variable"})
			}
			seen[name] = i
		}
		secret, _, _ := unstructured.NestedMap(members, "valueFrom", "secretKeyRef")
		if value, _ := members["value"].(string); value != "" && secret != nil {
			// The value itself may be what ought to be secret.
			invalid(at.AtName("value"), members["name"], []string{"it has both a value and a secret_key_ref; remove one of the two"})
		}
		if name, ok := secret["name"].(string); ok {
			invalid(at.AtName("secret_key_ref").AtName("name"), name, validation.IsDNS1123Subdomain(name))
		}
		if key, ok := secret["key"].(string); ok {
			invalid(at.AtName("secret_key_ref").AtName("key"), key, validation.IsConfigMapKey(key))
		}
	}
}

// examineResources checks requests and limits, and that none of the former is
// above the latter.
func examineResources(place path.Path, resources any, invalid refusal) {
	lists, _ := resources.(map[string]any)
	limits := examineQuantities(place.AtName("limits"), lists["limits"], invalid)
	requests := examineQuantities(place.AtName("requests"), lists["requests"], invalid)
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		request := requests[name]
		if limit, ok := limits[name]; ok && request.Cmp(limit) > 0 {
			invalid(place.AtName("requests").AtMapKey(name), request.String(), []string{fmt.Sprintf("it is more than the limit %s; lower it, or raise limits[%q]", limit.String(), name)})
		}
	}
}

func examineQuantities(place path.Path, quantities any, invalid refusal) map[string]quantity.Quantity {
	members, _ := quantities.(map[string]any)
	amounts := map[string]quantity.Quantity{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		amount, err := quantity.ParseQuantity(fmt.Sprint(members[name]))
		switch {
		case err != nil:
			invalid(place.AtMapKey(name), members[name], []string{"write a Kubernetes quantity such as 100m, 0.5 or 100Mi"})
		case amount.Sign() < 0:
			invalid(place.AtMapKey(name), members[name], []string{"it is less than 0"})
		default:
			amounts[name] = amount
		}
		plain := slices.Contains([]string{"cpu", "memory", "ephemeral-storage"}, name) || strings.HasPrefix(name, "hugepages-")
		if !plain && !strings.Contains(name, "/") {
			invalid(place.AtMapKey(name), name, []string{"a container has cpu, memory, ephemeral-storage, and resources with a domain such as example.com/device"})
		}
	}
	return amounts
}

func examineTolerations(e *convert.Expansion, invalid refusal) {
	tolerations, _ := e.Object["tolerations"].([]any)
	for i, toleration := range tolerations {
		if e.Pending(convert.Location{"tolerations", i}) {
			continue
		}
		members, _ := toleration.(map[string]any)
		at := path.Root("toleration").AtListIndex(i)
		key, _ := members["key"].(string)
		value, _ := members["value"].(string)
		exists := members["operator"] == "Exists"
		switch {
		case key != "":
			invalid(at.AtName("key"), key, validation.IsQualifiedName(key))
		case !exists:
			invalid(at.AtName("key"), key, []string{"without a key all taints are tolerated, which needs operator = \"Exists\"; set that, or a key"})
		}
		switch {
		case !exists:
			invalid(at.AtName("value"), value, validation.IsValidLabelValue(value))
		case value != "":
			invalid(at.AtName("value"), value, []string{"operator = \"Exists\" stands for every value; remove the value, or write operator = \"Equal\""})
		}
		if seconds, ok := members["tolerationSeconds"]; ok && members["effect"] != "NoExecute" {
			invalid(at.AtName("toleration_seconds"), seconds, []string{"only taints that evict have a time; set effect = \"NoExecute\", or remove it"})
		}
	}
}

func examinePullSecrets(secrets any, invalid refusal) {
	names, _ := secrets.([]any)
	for i, name := range names {
		at := path.Root("image_pull_secrets").AtListIndex(i)
		invalid(at, name, validation.IsDNS1123Subdomain(fmt.Sprint(name)))
		if first := slices.Index(names, name); first < i {
			invalid(at, name, []string{fmt.Sprintf("image_pull_secrets[%d] is the same; remove one of the two", first)})
		}
	}
}
