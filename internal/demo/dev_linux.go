// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/progress"
)

// devName is the name of the demo's own cluster.
const devName = "demo"

// devTarget is a cluster of the demo's own, with a real node in a network namespace.
type devTarget struct {
	*cluster.Cluster
	data  string // folder of the shared volume
	out   io.Writer
	steps *progress.Steps
}

func newDevTarget(cache string, out io.Writer, steps *progress.Steps) (target, error) {
	return &devTarget{data: filepath.Join(cache, "sales"), out: out, steps: steps}, nil
}

func cacheFolder() (string, error) { return cluster.Cache() }

func (t *devTarget) check(context.Context, []string) error {
	if err := cluster.CanRunFull(); err != nil {
		return fmt.Errorf("%w.\n%s", err, elsewhere)
	}
	return nil
}

// up starts afresh: what an earlier run has kept would be in the way. HPAs look every 15 s, as they do by default.
func (t *devTarget) up(ctx context.Context, built images) error {
	if err := cluster.Down(ctx, devName); err != nil {
		return err
	}
	if err := os.RemoveAll(t.data); err != nil {
		return err
	}
	defer t.steps.Step("bringing up a Kubernetes cluster of its own", nil)()
	c, err := cluster.Up(ctx, cluster.Options{
		Name: devName, Mode: cluster.Full, FakeNodes: -1, Images: built.archives(), Log: indented{t.out},
		HPASync: hpaPeriod, HPADownscale: hpaDownscale,
	})
	if errors.Is(err, cluster.ErrNoFull) {
		return fmt.Errorf("%w.\n%s", err, elsewhere)
	}
	t.Cluster = c
	return err
}

func (t *devTarget) attach(context.Context) (err error) {
	t.Cluster, err = cluster.Attach(devName)
	return err
}

func (t *devTarget) kubeconfig() (file, context string) { return t.Kubeconfig(), "" }

func (t *devTarget) image(public string) string {
	switch public {
	case redisPublic:
		return cluster.RedisImage
	case prometheusPublic:
		return prometheusImage
	}
	return public
}

func (t *devTarget) words() string { return "the demo's own cluster" }

// volume keeps the files in the cache folder. Anyone may write there, because containers do not run as root.
func (t *devTarget) volume(namespace string) (string, error) {
	if err := os.MkdirAll(t.data, 0o755); err != nil {
		return "", err
	}
	if err := os.Chmod(t.data, 0o777); err != nil {
		return "", err
	}
	return fmt.Sprintf(`
apiVersion: v1
kind: PersistentVolume
metadata: {name: csv-demo-sales}
spec:
  capacity: {storage: 100Mi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  claimRef: {namespace: %s, name: sales}
  hostPath: {path: %q}
`, namespace, t.data), nil
}

func (t *devTarget) down(ctx context.Context) error {
	if err := t.Down(ctx); err != nil {
		return err
	}
	if _, err := cluster.Attach(devName); !errors.Is(err, cluster.ErrNotRunning) {
		return fmt.Errorf("the cluster is still there: %w", err)
	}
	t.steps.Note("the cluster is down; built programs and images stay in the cache folder for the next time")
	return os.RemoveAll(t.data)
}
