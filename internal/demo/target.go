// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/progress"
)

// target is the cluster that the demo runs on.
type target interface {
	// check says, before anything is built, whether the demo can run here; an error names the remedy.
	// It tells which namespaces will be made.
	check(ctx context.Context, namespaces []string) error
	// up returns when the cluster runs and its nodes have the images.
	up(ctx context.Context, built images) error
	// attach finds the cluster of an earlier run.
	attach(ctx context.Context) error
	// kubeconfig is a file and the context in it; both may be empty, which means kubectl's own choice.
	kubeconfig() (file, context string)
	// image is what stands in for a public image on this cluster: itself where the nodes can pull it.
	image(public string) string
	// volume is a PersistentVolume for the claim sales of a namespace, in YAML; empty if the cluster makes its own.
	volume(namespace string) (string, error)
	// down removes the cluster if it is the demo's own, and says so.
	down(ctx context.Context) error
	// words name the cluster in messages.
	words() string
}

func newTarget(c Config, cache string, steps *progress.Steps) (target, error) {
	switch c.Cluster {
	case "dev":
		return newDevTarget(cache, c.Out, steps)
	case "current":
		return &currentTarget{loaded: c.ImagesLoaded, archives: filepath.Join(cache, "images"), steps: steps, out: c.Out}, nil
	}
	return nil, fmt.Errorf("-cluster %q: use dev (a cluster of its own) or current (that of the current kubeconfig context)", c.Cluster)
}

// elsewhere is the remedy where the demo has no cluster of its own.
const elsewhere = "The demo processes files in real containers, so it does not fall back to simulated pods, in which nothing would be processed. " +
	"Run it as root on Linux (sudo make demo), or on a cluster that you have, such as minikube or kind: make demo CLUSTER=current"
