// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"math"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

const maxInt32 = math.MaxInt32

// objectFields are the arguments of every custom resource.
func objectFields(namespaced bool) []schema.Field {
	fields := []schema.Field{
		{Name: "name", At: []string{"metadata", "name"}, Format: schema.ObjectName, Required: true, Replace: true, Prose: "Name of the object."},
		{Name: "labels", Kind: schema.StringMap, At: []string{"metadata", "labels"}, Prose: "Labels. Those that others set are left alone."},
		{Name: "annotations", Kind: schema.StringMap, At: []string{"metadata", "annotations"}, Prose: "Annotations. Those that others set are left alone."},
		{Name: "force_conflicts", Kind: schema.Bool, Default: false, Prose: "Whether to take fields over that another field manager, such as `kubectl`, has set to another value, and to remove arguments that it has set too. Without it both are errors."},
		{Name: "uid", At: []string{"metadata", "uid"}, Computed: true, Prose: "UID that Kubernetes gave the object."},
	}
	if namespaced {
		fields = append(fields, schema.Field{Name: "namespace", At: []string{"metadata", "namespace"}, Format: schema.NamespaceName, Default: "default", Assumed: true, Computed: true, Replace: true, Prose: "Namespace of the object."})
	}
	return append(fields, timeouts())
}

// timeouts bounds how long an operation may take.
func timeouts() schema.Field {
	limit := func(name, prose string) schema.Field {
		return schema.Field{Name: name, Format: schema.Duration, Default: "2m", Prose: prose + " A duration such as `30s`."}
	}
	return schema.Field{Name: "timeouts", Kind: schema.Block, Prose: "How long operations may take.", Fields: []schema.Field{
		limit("create", "Creation, waiting included."), limit("update", "Update, waiting included."), limit("delete", "Deletion, until the object is gone."),
	}}
}

// readyFields are the arguments of objects that have a Ready condition.
func readyFields() []schema.Field {
	return []schema.Field{
		{Name: "wait", Kind: schema.Bool, Default: true, Prose: "Whether to wait until the controller says that the object is Ready."},
	}
}

// pauseFields are annotations that deserve an argument.
func pauseFields() []schema.Field {
	return []schema.Field{
		pauseFlag("paused", v1alpha1.AnnotationPaused, "Whether scaling stops."),
		{Name: "paused_replicas", Kind: schema.Int, At: annotation(v1alpha1.AnnotationPausedReplicas), Text: &schema.Text{}, Min: schema.Bound(0), Max: schema.Bound(maxInt32), Prose: "Stops scaling at this many replicas; wins over `paused`."},
		pauseFlag("paused_scale_in", v1alpha1.AnnotationPausedScaleIn, "Whether scaling down stops."),
		pauseFlag("paused_scale_out", v1alpha1.AnnotationPausedScaleOut, "Whether scaling up stops."),
		pauseFlag("force_activation", v1alpha1.AnnotationForceActivation, "Whether the object counts as active whatever its event sources say."),
	}
}

func pauseFlag(name, key, prose string) schema.Field {
	return schema.Field{Name: name, Kind: schema.Bool, At: annotation(key), Text: &schema.Text{}, Prose: prose}
}

func annotation(key string) []string { return []string{"metadata", "annotations", key} }

// wholeNumber declares a whole number of the spec, of 32 bits.
func wholeNumber(name, key string, least int64, unset int, prose string) schema.Field {
	return schema.Field{Name: name, Kind: schema.Int, At: []string{"spec", key}, Min: schema.Bound(least), Max: schema.Bound(maxInt32), Default: unset, Prose: prose}
}
