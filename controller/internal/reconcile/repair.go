// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"strings"
	"time"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
)

// repairDelay is how long after a change of an object somebody looks whether its
// status is ours. It bounds what two controllers can do to each other that both want
// to have the last word.
const repairDelay = 10 * time.Second

// setupRepair registers a reconciler of the statuses of one kind of object that
// others wrote.
func setupRepair[T client.Object, S any](mgr ctrl.Manager, status *report.Writer[T, S]) error {
	changed := handler.Funcs{UpdateFunc: func(_ context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		if e.ObjectOld.GetResourceVersion() != e.ObjectNew.GetResourceVersion() {
			queue.AddAfter(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(e.ObjectNew)}, repairDelay)
		}
	}}
	repair := reconcile.Func(func(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
		object := status.New()
		if err := mgr.GetClient().Get(ctx, req.NamespacedName, object); err != nil {
			return reconcile.Result{}, client.IgnoreNotFound(err)
		}
		return reconcile.Result{}, status.Repair(ctx, object)
	})
	return builder.ControllerManagedBy(mgr).Named(strings.ToLower(status.Kind())+"status").Watches(status.New(), changed).Complete(repair)
}
