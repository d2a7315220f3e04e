// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// cluster is an API server that holds the Jobs and pods of one ScaledJob, and the
// messages that they work on. Caches follow its log of changes, each at its own
// pace.
type cluster struct {
	now    func() time.Time
	jobs   map[string]*runningJob
	log    []change
	uids   int
	used   map[string]struct{} // names of all Jobs that ever were
	newest string
	epoch  int // how often the newest Job was deleted, or a leader came when it was
	queues []messages
	worked int // messages that were worked on in the end
}

// messages are those of one queue: the ones that wait, and the ones that a Job has
// taken. visible says that the source counts both.
type messages struct {
	waiting, taken int
	visible        bool
}

func (q messages) length() int {
	if q.visible {
		return q.waiting + q.taken
	}
	return q.waiting
}

// runningJob is a Job with its one pod. The objects are never changed, only
// replaced, because caches hold them.
type runningJob struct {
	job     *batchv1.Job
	pod     *corev1.Pod
	by      *process // who sent the request
	since   int      // the length of the log when it was made
	ended   bool
	message int // the queue that its message comes from; -1 for none
}

// change is one event of a watch: a Job and its pod as they are then, or that they
// are gone.
type change struct {
	name string
	job  *batchv1.Job
	pod  *corev1.Pod
}

func newCluster(now func() time.Time, queues ...messages) *cluster {
	return &cluster{now: now, jobs: map[string]*runningJob{}, used: map[string]struct{}{}, queues: queues}
}

var jobResource = schema.GroupResource{Group: "batch", Resource: "jobs"}

// create is what the API server does with a request to create a Job.
func (c *cluster) create(job *batchv1.Job, by *process) error {
	if _, exists := c.jobs[job.Name]; exists {
		return apierrors.NewAlreadyExists(jobResource, job.Name)
	}
	c.uids++
	made := job.DeepCopy()
	made.UID = types.UID(fmt.Sprint(c.uids))
	job.UID = made.UID
	c.used[job.Name], c.newest = struct{}{}, job.Name
	c.jobs[job.Name] = &runningJob{job: made, by: by, since: len(c.log), message: -1, pod: &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: job.Name, Labels: map[string]string{batchv1.JobNameLabel: job.Name}},
		Status:     corev1.PodStatus{Phase: corev1.PodPending},
	}}
	c.changed(job.Name)
	return nil
}

func (c *cluster) changed(name string) {
	event := change{name: name}
	if j := c.jobs[name]; j != nil {
		event.job, event.pod = j.job, j.pod
	}
	c.log = append(c.log, event)
}

// unfinished are the names of the Jobs that have not ended, in order.
func (c *cluster) unfinished() []string {
	return slices.DeleteFunc(c.names(), func(name string) bool { return c.jobs[name].ended })
}

func (c *cluster) names() []string { return slices.Sorted(maps.Keys(c.jobs)) }

// start lets a Job's pod run. It has not taken a message yet.
func (c *cluster) start(name string) {
	j := c.jobs[name]
	if j.ended || j.pod.Status.Phase == corev1.PodRunning {
		return
	}
	j.pod = j.pod.DeepCopy()
	j.pod.Status.Phase = corev1.PodRunning
	c.changed(name)
}

// take lets a running Job take a message and tell so by a condition; where nothing
// waits it ends.
func (c *cluster) take(name string) {
	j := c.jobs[name]
	if j.ended || j.message >= 0 || j.pod.Status.Phase != corev1.PodRunning {
		return
	}
	j.message = slices.IndexFunc(c.queues, func(q messages) bool { return q.waiting > 0 })
	if j.message < 0 {
		c.end(name, batchv1.JobComplete)
		return
	}
	c.queues[j.message].waiting--
	c.queues[j.message].taken++
	j.pod = j.pod.DeepCopy()
	j.pod.Status.Conditions = []corev1.PodCondition{{Type: "Taken", Status: corev1.ConditionTrue}}
	c.changed(name)
}

// end ends a Job, well or badly. The message of one that failed waits again.
func (c *cluster) end(name string, as batchv1.JobConditionType) {
	j := c.jobs[name]
	if j.ended {
		return
	}
	c.release(j, as == batchv1.JobComplete)
	j.ended, j.job = true, j.job.DeepCopy()
	j.job.Status.Conditions = []batchv1.JobCondition{{Type: as, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(c.now())}}
	c.changed(name)
}

func (c *cluster) release(j *runningJob, done bool) {
	if j.message < 0 {
		return
	}
	c.queues[j.message].taken--
	if done {
		c.worked++
	} else {
		c.queues[j.message].waiting++
	}
	j.message = -1
}

// remove deletes a Job. With foreground propagation it stays until the garbage
// collector comes by, which is the second removal.
func (c *cluster) remove(name string, policy metav1.DeletionPropagation) {
	j := c.jobs[name]
	if policy == metav1.DeletePropagationForeground && j.job.DeletionTimestamp == nil {
		j.job = j.job.DeepCopy()
		j.job.DeletionTimestamp = new(metav1.NewTime(c.now()))
		c.changed(name)
		return
	}
	if name == c.newest {
		c.epoch++
	}
	c.release(j, false)
	delete(c.jobs, name)
	c.changed(name)
}

// cache is what one process sees of a cluster: the changes of each Job in order,
// but those of different Jobs, and of Jobs and pods, in any order.
type cache struct {
	jobs map[string]*batchv1.Job
	pods map[string]*corev1.Pod
	seen int // the changes of the log that were taken over below
	late []lateChange
}

// lateChange is a change that the cache does not show yet, of the Job or of its pod.
type lateChange struct {
	change
	ofPod bool
}

// newCache starts a cache that has seen the first changes only.
func newCache(c *cluster, seen int) *cache {
	v := &cache{jobs: map[string]*batchv1.Job{}, pods: map[string]*corev1.Pod{}}
	for _, event := range c.log[:seen] {
		v.apply(lateChange{event, false})
		v.apply(lateChange{event, true})
	}
	v.seen = seen
	return v
}

// behind is the number of changes that the cache does not show.
func (v *cache) behind(c *cluster) int {
	for _, event := range c.log[v.seen:] {
		v.late = append(v.late, lateChange{event, false}, lateChange{event, true})
	}
	v.seen = len(c.log)
	return len(v.late)
}

// show takes over the n-th change that is late, or the first of its object.
func (v *cache) show(n int) {
	for i, earlier := range v.late[:n] {
		if earlier.name == v.late[n].name && earlier.ofPod == v.late[n].ofPod {
			n = i
			break
		}
	}
	v.apply(v.late[n])
	v.late = slices.Delete(v.late, n, n+1)
}

func (v *cache) showAll(c *cluster) {
	for v.behind(c) > 0 {
		v.show(0)
	}
}

func (v *cache) apply(event lateChange) {
	switch {
	case event.job == nil && event.ofPod:
		delete(v.pods, event.name)
	case event.job == nil:
		delete(v.jobs, event.name)
	case event.ofPod:
		v.pods[event.name] = event.pod
	default:
		v.jobs[event.name] = event.job
	}
}

// begun says whether the cache shows that a Job has begun to work.
func (v *cache) begun(name string, condition bool) bool {
	pod := v.pods[name]
	if pod == nil {
		return false
	}
	if condition {
		return len(pod.Status.Conditions) > 0
	}
	return pod.Status.Phase == corev1.PodRunning
}

// list answers the lists of Jobs and pods.
func list(into client.ObjectList, jobs map[string]*batchv1.Job, pods map[string]*corev1.Pod) error {
	switch into := into.(type) {
	case *batchv1.JobList:
		for _, name := range slices.Sorted(maps.Keys(jobs)) {
			into.Items = append(into.Items, *jobs[name])
		}
	case *corev1.PodList:
		for _, name := range slices.Sorted(maps.Keys(pods)) {
			into.Items = append(into.Items, *pods[name])
		}
	default:
		return fmt.Errorf("nobody lists %T", into)
	}
	return nil
}

// cacheClient reads what a process's cache shows.
type cacheClient struct {
	client.Reader
	*process
}

func (c cacheClient) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	if err := c.listing(into); err != nil {
		return err
	}
	return list(into, c.view.jobs, c.view.pods)
}

// liveClient asks the API server on behalf of a process.
type liveClient struct {
	client.Client
	*process
}

func (c liveClient) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	if err := c.listing(into); err != nil {
		return err
	}
	c.listedAt, c.listed = c.clock.Now(), len(c.cluster.log)
	jobs := map[string]*batchv1.Job{}
	for name, j := range c.cluster.jobs {
		jobs[name] = j.job
	}
	return list(into, jobs, nil)
}

func (c liveClient) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	j := c.cluster.jobs[key.Name]
	if j == nil {
		return apierrors.NewNotFound(jobResource, key.Name)
	}
	job, ok := into.(*batchv1.Job)
	if !ok {
		return fmt.Errorf("nobody reads %T", into)
	}
	j.job.DeepCopyInto(job)
	return nil
}

func (c liveClient) Create(ctx context.Context, o client.Object, _ ...client.CreateOption) error {
	job, ok := o.(*batchv1.Job)
	if !ok {
		return fmt.Errorf("nobody creates %T", o)
	}
	return c.creating(ctx, job)
}

func (c liveClient) Delete(_ context.Context, o client.Object, given ...client.DeleteOption) error {
	var options client.DeleteOptions
	options.ApplyOptions(given)
	j := c.cluster.jobs[o.GetName()]
	switch {
	case j == nil:
		return apierrors.NewNotFound(jobResource, o.GetName())
	case *options.Preconditions.UID != j.job.UID:
		return apierrors.NewConflict(jobResource, o.GetName(), errors.New("another UID"))
	}
	c.deleting(o.GetName())
	c.cluster.remove(o.GetName(), *options.PropagationPolicy)
	return nil
}

func (c liveClient) Status() client.SubResourceWriter { return subresource{&api{}, "status"} }

// generation is that of the ScaledJob that a Job was made from.
func generation(job *batchv1.Job) string { return job.Annotations[v1alpha1.AnnotationJobGeneration] }
