// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package actuate performs what was decided: it writes /scale and creates and
// deletes Jobs. These are the only side effects on workloads; each call is
// idempotent or guarded by what the decision had seen.
package actuate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
)

// ErrMoved says that the workload no longer has the replica count that a
// decision was based on: somebody else scaled it in between, and the decision
// must be taken anew.
var ErrMoved = errors.New("replica count changed since it was read")

// Actuator writes to workloads.
type Actuator struct {
	// Client asks the API server directly.
	Client client.Client
}

// Scale changes a target's replicas from one count to another in one request. It
// returns ErrMoved, and changes nothing, when the count is no longer from: the
// cache that a decision reads may be behind the HPA's latest write.
func (a *Actuator) Scale(ctx context.Context, ref workload.Ref, from, to int32) error {
	target := &unstructured.Unstructured{}
	target.SetGroupVersionKind(ref.GVK)
	target.SetNamespace(ref.Namespace)
	target.SetName(ref.Name)
	patch, err := scalePatch(from, to)
	if err != nil {
		return err
	}
	body := &unstructured.Unstructured{}
	body.SetGroupVersionKind(autoscalingv1.SchemeGroupVersion.WithKind("Scale"))
	err = a.Client.SubResource("scale").Patch(ctx, target, client.RawPatch(types.JSONPatchType, patch), client.WithSubResourceBody(body))
	switch {
	case apierrors.IsInvalid(err) && !hasCause(err):
		return ErrMoved
	case err != nil:
		return fmt.Errorf("cannot scale %s from %d to %d: %w", ref, from, to, err)
	}
	return nil
}

// hasCause tells a count that the target's schema does not allow, which names the
// field, from a test in the patch that failed, which names none.
func hasCause(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Details != nil && len(status.Status().Details.Causes) > 0
}

// scalePatch is a JSON patch that fails unless the count is still from. A count
// of zero is absent from the Scale object's JSON, which the patch tests as null.
func scalePatch(from, to int32) ([]byte, error) {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value *int32 `json:"value"`
	}
	test := operation{Op: "test", Path: "/spec/replicas"}
	if from != 0 {
		test.Value = &from
	}
	return json.Marshal([]operation{test, {Op: "add", Path: "/spec/replicas", Value: &to}})
}
