// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"slices"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// What on_destroy may be.
const (
	onDestroyRefuse = "refuse_if_in_use"
	onDestroyDrain  = "drain"
)

// installationFields are the arguments of keda_installation. Those with a place
// are manifests.Options in JSON; the others say how to install.
func installationFields() []schema.Field {
	fields := []schema.Field{
		{Name: "namespace", At: []string{"namespace"}, Default: "keda", Assumed: true, Computed: true, Replace: true, Prose: "Namespace of the controller and the metrics adapter. A cluster has one installation."},
		{Name: "create_namespace", Kind: schema.Bool, Default: true, Prose: "Whether to create the namespace if it is not there. Only a namespace that was created is deleted again."},
		componentField("controller", "controller", "The controller, which asks event sources and scales.", manifests.ControllerImage, "One of them works, the others take over at once."),
		componentField("metrics_adapter", "metricsAdapter", "The metrics adapter, which answers the HPAs.", manifests.MetricsAdapterImage, "All of them answer."),
		{Name: "image_registry", At: []string{"imageRegistry"}, Default: manifests.DefaultRegistry, Prose: "Registry, and path in it, of the images, for mirrors. The provider itself downloads nothing."},
		{Name: "image_pull_policy", At: []string{"imagePullPolicy"}, Enum: []string{"Always", "IfNotPresent", "Never"}, Prose: "When nodes pull the images. Kubernetes chooses when it is not set."},
		{Name: "image_pull_secrets", Kind: schema.Strings, At: []string{"imagePullSecrets"}, Prose: "Names of Secrets in the namespace with credentials of the registry."},
		{Name: "scale_target", Kind: schema.Blocks, At: []string{"scaleTargets"}, Prose: "Kinds with a scale subresource that may be scaled, beside Deployments, StatefulSets and ReplicaSets. The controller has no right to scale others.", Fields: []schema.Field{
			{Name: "group", At: []string{"group"}, Required: true, Prose: "API group, such as `argoproj.io`."},
			{Name: "resource", At: []string{"resource"}, Required: true, Prose: "Plural name, such as `rollouts`."},
		}},
		{Name: "cluster_domain", At: []string{"clusterDomain"}, Default: "cluster.local", Prose: "DNS suffix of Services."},
		{Name: "log_level", At: []string{"logLevel"}, Enum: []string{"debug", "info", "error"}, Default: "info", Prose: "How much is logged."},
		{Name: "webhook", Kind: schema.Block, At: []string{"webhook"}, Prose: "Admission webhook: checks objects that others than this provider write.", Fields: []schema.Field{
			{Name: "enabled", Kind: schema.Bool, At: []string{"enabled"}, Default: true, Prose: "Whether there is one."},
			{Name: "failure_policy", At: []string{"failurePolicy"}, Enum: []string{"Ignore", "Fail"}, Default: "Ignore", Prose: "What happens to objects while the webhook does not answer."},
		}},
		{Name: "node_selector", Kind: schema.StringMap, At: []string{"nodeSelector"}, Prose: "Labels of the nodes that may run the pods."},
		{Name: "toleration", Kind: schema.Blocks, At: []string{"tolerations"}, Prose: "Taints that the pods tolerate.", Fields: tolerationFields()},
		{Name: "priority_class_name", At: []string{"priorityClassName"}, Prose: "PriorityClass of the pods."},
	}
	return slices.Concat(fields, scopeFields(), procedureFields(), installationResults())
}

// scopeFields say what the controller works on, and what it may read for that.
func scopeFields() []schema.Field {
	return []schema.Field{
		{Name: "watch_namespaces", Kind: schema.Strings, At: []string{"watchNamespaces"}, Prose: "Namespaces to work in; they must exist. The controller then has no rights in others. Default: all namespaces."},
		{Name: "watch_label_selector", At: []string{"watchLabelSelector"}, Prose: "Labels of the scaled objects and scaled jobs to work on, written as in `kubectl -l`, such as `team=shop,tier in (web,api)`. Others wait; admission warns about them. Default: all."},
		{Name: "watch_label_selector_for_triggerauth", At: []string{"watchAuthenticationLabelSelector"}, Prose: "Labels of the trigger authentications and cluster trigger authentications that may be used, written in the same way. Default: all."},
		{Name: "cluster_object_namespace", At: []string{"clusterObjectNamespace"}, Prose: "Namespace of the Secrets and ConfigMaps that cluster trigger authentications refer to; it must exist. Default: `namespace`."},
		{Name: "restrict_secret_access", Kind: schema.Bool, At: []string{"restrictSecretAccess"}, Default: false, Prose: "Whether the controller may read the Secrets of `cluster_object_namespace` and no others. Trigger authentications that refer to other Secrets, and environments of workloads that do, then fail with a message that says so."},
		{Name: "service_account_tokens", Kind: schema.Block, At: []string{"serviceAccountTokens"}, Prose: "ServiceAccounts whose tokens the controller may ask for. `bound_service_account_token` and the `service_account_name` of HashiCorp Vault need that. Default: none.", Fields: []schema.Field{
			{Name: "allow_all", Kind: schema.Bool, At: []string{"allowAll"}, Default: false, Prose: "Whether these are all ServiceAccounts, where the controller works."},
			{Name: "account", Kind: schema.Blocks, At: []string{"accounts"}, Prose: "One of them.", Fields: []schema.Field{
				{Name: "namespace", At: []string{"namespace"}, Required: true, Prose: "Its namespace, which must exist."},
				{Name: "name", At: []string{"name"}, Required: true, Prose: "Its name."},
			}},
		}},
	}
}

// componentField is the block of one Deployment. others says what its pods beside the
// first are for.
func componentField(name, key, prose, image, others string) schema.Field {
	quantities := func(name, prose string) schema.Field {
		return schema.Field{Name: name, Kind: schema.StringMap, At: []string{name}, Prose: prose}
	}
	return schema.Field{Name: name, Kind: schema.Block, At: []string{key}, Prose: prose, Fields: []schema.Field{
		{Name: "image", At: []string{"image"}, Prose: "Image, with a tag or digest. Default `" + manifests.DefaultRegistry + "/" + image + "` with the version of the provider as its tag, or the same in `image_registry`."},
		{Name: "replicas", Kind: schema.Int, At: []string{"replicas"}, Min: schema.Bound(1), Max: schema.Bound(maxInt32), Prose: "Number of pods. " + others + " When it is not set, there is one, and an autoscaler may change it."},
		{Name: "resources", Kind: schema.Block, At: []string{"resources"}, Prose: "Resources of the container. Default: requests of 100m CPU and 100Mi memory, and a limit of 1000Mi memory.", Fields: []schema.Field{
			quantities("requests", "What is reserved, such as `{ cpu = \"100m\", memory = \"100Mi\" }`."),
			quantities("limits", "What is not exceeded."),
		}},
		{Name: "args", Kind: schema.Strings, At: []string{"args"}, Prose: "Arguments to append to the command line."},
		{Name: "env", Kind: schema.Blocks, At: []string{"env"}, Prose: "Environment variables.", Fields: []schema.Field{
			{Name: "name", At: []string{"name"}, Required: true, Prose: "Name of the variable."},
			{Name: "value", At: []string{"value"}, Prose: "Its value. It is visible in the state; take secrets from a Secret."},
			{Name: "secret_key_ref", Kind: schema.Block, At: []string{"valueFrom", "secretKeyRef"}, Prose: "Key of a Secret in the namespace with the value.", Fields: []schema.Field{
				{Name: "name", At: []string{"name"}, Required: true, Prose: "Name of the Secret."},
				{Name: "key", At: []string{"key"}, Required: true, Prose: "Key in it."},
			}},
		}},
		{Name: "service_account_annotations", Kind: schema.StringMap, At: []string{"accountAnnotations"}, Prose: "Annotations of the ServiceAccount, such as `eks.amazonaws.com/role-arn`."},
		{Name: "pod_labels", Kind: schema.StringMap, At: []string{"podLabels"}, Prose: "Labels of the pods."},
		{Name: "pod_annotations", Kind: schema.StringMap, At: []string{"podAnnotations"}, Prose: "Annotations of the pods."},
	}}
}

func tolerationFields() []schema.Field {
	return []schema.Field{
		{Name: "key", At: []string{"key"}, Prose: "Key of the taint; all keys when it is not set."},
		{Name: "operator", At: []string{"operator"}, Enum: []string{"Equal", "Exists"}, Default: "Equal", Prose: "How the value is compared."},
		{Name: "value", At: []string{"value"}, Prose: "Value of the taint."},
		{Name: "effect", At: []string{"effect"}, Enum: []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}, Prose: "Effect of the taint; all effects when it is not set."},
		{Name: "toleration_seconds", Kind: schema.Int, At: []string{"tolerationSeconds"}, Prose: "How long a pod stays after a `NoExecute` taint appeared."},
	}
}

// procedureFields say how to install and how to remove.
func procedureFields() []schema.Field {
	limit := func(name, prose string) schema.Field {
		return schema.Field{Name: name, Format: schema.Duration, Default: "5m", Prose: prose + " A duration such as `10m`."}
	}
	return []schema.Field{
		{Name: "adopt", Kind: schema.Bool, Default: false, Prose: "Whether to take over a KEDA in the same namespace that something else installed, such as Helm. Without it that is an error that names the owner."},
		{Name: "on_destroy", Enum: []string{onDestroyRefuse, onDestroyDrain}, Default: onDestroyRefuse, Prose: "What to do with the scaled objects, scaled jobs, trigger authentications and cloud event sources of the whole cluster. `refuse_if_in_use` does not destroy while there are any; `drain` deletes them while the controller still runs, so that it restores replicas. Apply a change of this before you destroy."},
		{Name: "delete_crds", Kind: schema.Bool, Default: false, Prose: "Whether to delete the custom resource definitions too. Apply a change of this before you destroy."},
		{Name: "wait", Kind: schema.Bool, Default: true, Prose: "Whether to wait until controller, metrics adapter, APIService and webhook work."},
		{Name: "timeouts", Kind: schema.Block, Prose: "How long operations may take.", Fields: []schema.Field{
			limit("create", "Installation, waiting included."), limit("update", "Update, waiting included."), limit("delete", "Removal, until everything is gone."),
		}},
	}
}

// installationResults are computed.
func installationResults() []schema.Field {
	return []schema.Field{
		{Name: "id", Computed: true, Prose: "The namespace."},
		{Name: "version", Computed: true, Prose: "Release that is installed: the version of the provider that installed it. `incomplete` when it never worked."},
		{Name: "inventory", Kind: schema.StringMap, Computed: true, Prose: "Every object of the installation with a hash of its content. Where the cluster has something else, it says what: the plan of the repair names the object and its fields."},
	}
}
