// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
)

// jobLedger remembers every Job of the ScaledJob, also those that are deleted, and the most that were unfinished at once.
type jobLedger struct {
	mu   sync.Mutex
	jobs map[string]evidence.Job
	most int
}

// watchJobs keeps a ledger until ctx is done.
func (p *play) watchJobs(ctx context.Context) (*jobLedger, error) {
	l := &jobLedger{jobs: map[string]evidence.Job{}}
	factory := informers.NewSharedInformerFactoryWithOptions(p.kube, 0, informers.WithNamespace(p.namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			o.LabelSelector = v1alpha1.LabelScaledJobName + "=" + processorName
		}))
	informer := factory.Batch().V1().Jobs().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { l.saw(o, false) },
		UpdateFunc: func(_, o any) { l.saw(o, false) },
		DeleteFunc: func(o any) { l.saw(o, true) },
	})
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, fmt.Errorf("watch Jobs: %w", ctx.Err())
	}
	return l, nil
}

func (l *jobLedger) saw(o any, gone bool) {
	job, ok := o.(*batchv1.Job)
	if !ok {
		return // of a deleted Job whose last state the watch missed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	j := evidence.Job{Name: job.Name, Created: job.CreationTimestamp.Time, Succeeded: hasCondition(job, batchv1.JobComplete)}
	j.Finished = finishedAt(job)
	if gone && j.Finished.IsZero() {
		j.Finished = time.Now()
	}
	l.jobs[j.Name] = j
	l.most = max(l.most, l.unfinished())
}

// finishedAt is the time of the condition, because only Jobs that succeed have a completion time.
func finishedAt(job *batchv1.Job) time.Time {
	for _, c := range job.Status.Conditions {
		if (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

func hasCondition(job *batchv1.Job, kind batchv1.JobConditionType) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Type == kind && c.Status == corev1.ConditionTrue
	})
}

func (l *jobLedger) unfinished() int {
	n := 0
	for _, j := range l.jobs {
		if j.Finished.IsZero() {
			n++
		}
	}
	return n
}

func (l *jobLedger) count() (running, finished int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	running = l.unfinished()
	return running, len(l.jobs) - running
}

func (l *jobLedger) read() (jobs []evidence.Job, most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedFunc(maps.Values(l.jobs), func(a, b evidence.Job) int { return a.Created.Compare(b.Created) }), l.most
}
