// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
)

// restorePatience is how long a deleted object waits for an API server that cannot
// restore its target's replicas just now.
const restorePatience = 5 * time.Minute

// finalize lets a deleted ScaledObject go: scaling stops, the HPA is deleted, and
// the target gets its original replicas back when that was asked for. The HPA
// would go with its owner, but only when the garbage collector comes by, and until
// then it would go on scaling. It stays where the deletion is to orphan it.
func (r *ScaledObjects) finalize(ctx context.Context, so *v1alpha1.ScaledObject, id sample.Object) error {
	if r.forget(id) {
		r.Status.Event(so, stopped("the object is being deleted"))
	}
	if !slices.Contains(so.Finalizers, v1alpha1.Finalizer) {
		return nil
	}
	if !slices.Contains(so.Finalizers, metav1.FinalizerOrphanDependents) {
		if err := r.deleteHPAs(ctx, so, ""); err != nil {
			return err
		}
	}
	unrestored := r.restore(ctx, so)
	if unrestored != nil && (overtaken(ctx, unrestored) || transient(unrestored) && time.Since(so.DeletionTimestamp.Time) < restorePatience) {
		return unrestored
	}
	if released, err := releaseFinalizer(ctx, r.Client, so); !released {
		r.Status.Wrote(so, err)
		return err
	}
	event := report.Normal(v1alpha1.EventScaledObjectDeleted, "The ScaledObject was deleted")
	if unrestored != nil {
		event = report.Warning(event.Reason, event.Note+", but the replicas of its target were not restored: "+unrestored.Error())
	}
	r.Status.Event(so, event)
	r.Status.Forget(client.ObjectKeyFromObject(so))
	return nil
}

// restore gives the target its original replicas where that is asked for. What
// retries do not cure must not keep the object from going.
func (r *ScaledObjects) restore(ctx context.Context, so *v1alpha1.ScaledObject) error {
	status := r.Status.Read(so)
	original := status.OriginalReplicaCount
	if original == nil || !so.RestoresOriginalReplicas() || !notedFor(&status, so) {
		return nil
	}
	target, scale, err := r.Workloads.Resolve(ctx, so.Namespace, so.Spec.ScaleTargetRef)
	if workload.IsMissing(err) {
		return nil // there is nothing to restore
	}
	if err != nil {
		return err
	}
	if scale.Spec.Replicas == *original {
		return nil
	}
	err = r.Actuator.Scale(ctx, target, scale.Spec.Replicas, *original)
	if errors.Is(err, actuate.ErrMoved) {
		return fmt.Errorf("restoring the replicas of %s: %w", target, err)
	}
	return err
}

// releaseFinalizer removes our finalizer, and only ours, in one request that
// fails only if the list of finalizers changed since; the status may change at the
// same time without a conflict. released is false where there was none.
func releaseFinalizer(ctx context.Context, c client.Client, object client.Object) (released bool, err error) {
	index := slices.Index(object.GetFinalizers(), v1alpha1.Finalizer)
	if index < 0 {
		return false, nil
	}
	path := fmt.Sprintf("/metadata/finalizers/%d", index)
	patch, err := json.Marshal([]map[string]string{
		{"op": "test", "path": path, "value": v1alpha1.Finalizer},
		{"op": "remove", "path": path},
	})
	if err != nil {
		return false, err
	}
	err = c.Patch(ctx, object, client.RawPatch(types.JSONPatchType, patch))
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("cannot remove the finalizer %s: %w", v1alpha1.Finalizer, err)
	}
	return err == nil, nil
}
