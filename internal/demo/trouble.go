// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

// How much trouble shows.
const (
	lastEvents = 15
	lastLines  = 25
)

// trouble shows what helps to understand a failure. It shows what it can and gives up on the rest.
func (s *show) trouble(ctx context.Context, plays []*play, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	fmt.Fprintf(s.Out, "\nThe demo failed: %v\n\nWhat the cluster says:\n", err)
	namespaces := []string{kedaNamespace}
	for _, p := range plays {
		namespaces = append(namespaces, p.namespace)
	}
	for _, ns := range namespaces {
		s.pods(ctx, ns)
		s.events(ctx, ns)
		for _, resource := range []string{"scaledobjects", "scaledjobs"} {
			s.conditions(ctx, resource, ns)
		}
	}
	for _, name := range []string{manifests.ControllerName, manifests.MetricsAdapterName} {
		s.logs(ctx, name)
	}
	if !s.Keep {
		fmt.Fprintln(s.Out, "\nTo look around after a failure, run the demo with -keep.")
	}
}

func (s *show) pods(ctx context.Context, ns string) {
	list, err := s.kube.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for _, p := range list.Items {
		if p.Status.Phase == corev1.PodSucceeded {
			continue
		}
		fmt.Fprintf(s.Out, "  pod %s/%s is %s%s\n", ns, p.Name, p.Status.Phase, waitingFor(&p))
	}
}

func waitingFor(p *corev1.Pod) string {
	for _, c := range p.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil {
			return fmt.Sprintf(": %s %s", w.Reason, w.Message)
		}
		if c.RestartCount > 0 {
			return fmt.Sprintf(", restarted %d times", c.RestartCount)
		}
	}
	return ""
}

func (s *show) events(ctx context.Context, ns string) {
	list, err := s.kube.CoreV1().Events(ns).List(ctx, metav1.ListOptions{FieldSelector: "type=" + corev1.EventTypeWarning})
	if err != nil {
		return
	}
	slices.SortFunc(list.Items, func(a, b corev1.Event) int { return a.LastTimestamp.Compare(b.LastTimestamp.Time) })
	for _, e := range list.Items[max(0, len(list.Items)-lastEvents):] {
		fmt.Fprintf(s.Out, "  event %s %s/%s: %s: %s\n", e.InvolvedObject.Kind, ns, e.InvolvedObject.Name, e.Reason, e.Message)
	}
}

func (s *show) conditions(ctx context.Context, resource, ns string) {
	list, err := s.dynamic.Resource(gvr("keda.sh", "v1alpha1", resource)).Namespace(ns).List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for _, o := range list.Items {
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		for _, c := range conditions {
			if c, ok := c.(map[string]any); ok {
				fmt.Fprintf(s.Out, "  %s %s: %v=%v %v: %v\n", o.GetKind(), o.GetName(), c["type"], c["status"], c["reason"], c["message"])
			}
		}
	}
}

func (s *show) logs(ctx context.Context, app string) {
	pods, err := s.kube.CoreV1().Pods(kedaNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
	if err != nil {
		return
	}
	for _, p := range pods.Items {
		text, err := s.kube.CoreV1().Pods(kedaNamespace).GetLogs(p.Name, &corev1.PodLogOptions{TailLines: ptr.To[int64](lastLines)}).DoRaw(ctx)
		if err != nil {
			fmt.Fprintf(s.Out, "  no logs of %s: %v\n", p.Name, err)
			continue
		}
		fmt.Fprintf(s.Out, "  the last lines of %s:\n", p.Name)
		fmt.Fprint(indented{s.Out}, strings.TrimSpace(string(text))+"\n")
	}
}

// keepNote says how to look around, and how to clean up.
func (s *show) keepNote(plays []*play) {
	file, kubeContext := s.target.kubeconfig()
	fmt.Fprintf(s.Out, "\nEverything was kept, so nobody has checked that a destroy leaves nothing.\n")
	if file != "" {
		fmt.Fprintf(s.Out, "  look around:  export KUBECONFIG=%s\n", file)
	}
	for _, p := range plays {
		kubectl := "kubectl"
		if kubeContext != "" {
			kubectl += " --context " + kubeContext
		}
		fmt.Fprintf(s.Out, "                %s get scaledjobs,scaledobjects,hpa,jobs,pods -n %s\n", kubectl, p.namespace)
	}
	fmt.Fprintf(s.Out, "  remove it:    go run ./internal/demo/cmd/demo -cluster %s -clean\n", s.Cluster)
}
