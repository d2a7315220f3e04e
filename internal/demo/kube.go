// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// clients reach the cluster.
type clients struct {
	kube    kubernetes.Interface
	dynamic dynamic.Interface
}

func connect(t target) (*clients, error) {
	file, kubeContext := t.kubeconfig()
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = file
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: kubeContext}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig of %s: %w", t.words(), err)
	}
	cfg.QPS = -1
	c := &clients{}
	if c.kube, err = kubernetes.NewForConfig(cfg); err != nil {
		return nil, err
	}
	c.dynamic, err = dynamic.NewForConfig(cfg)
	return c, err
}

// refuseOccupied protects an installation of KEDA that is there already: its objects would be deleted with the CRDs.
func (s *show) refuseOccupied(ctx context.Context) error {
	for _, name := range s.namespaces() {
		_, err := s.kube.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			return fmt.Errorf("%s already has the namespace %s. If it is from an earlier run of the demo, remove it with -clean; else use another cluster", s.target.words(), name)
		}
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("look for namespace %s: %w", name, err)
		}
	}
	crds, err := s.crds(ctx)
	if err == nil && len(crds) > 0 {
		err = fmt.Errorf("%s already has CRDs of KEDA (%s): the demo would take them away at its end, and all objects with them. Use another cluster", s.target.words(), crds[0])
	}
	return err
}

// node picks the node on which all pods of the demo run, because its shared volume may be of one node only.
func (s *show) node(ctx context.Context) (map[string]string, error) {
	list, err := s.kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	for _, n := range list.Items {
		if !fit(&n) {
			continue
		}
		if arch := n.Status.NodeInfo.Architecture; arch != runtime.GOARCH {
			return nil, fmt.Errorf("node %s is %s but the images were built for %s: use a cluster of this machine's architecture", n.Name, arch, runtime.GOARCH)
		}
		return map[string]string{corev1.LabelHostname: n.Labels[corev1.LabelHostname]}, nil
	}
	return nil, fmt.Errorf("none of %d nodes is Ready and takes pods without tolerations", len(list.Items))
}

func fit(n *corev1.Node) bool {
	ready := slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
	tainted := slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule })
	return ready && !tainted && n.Labels["type"] != "kwok"
}
