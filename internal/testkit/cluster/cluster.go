// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/netns"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/proc"
)

// Cluster is a running cluster.
type Cluster struct {
	dir        string // its folder; "" if all that is known is a kubeconfig
	kubeconfig string
	state      *State
}

// Up brings a cluster up and returns when its nodes are Ready and its system workloads serve. A running cluster of that
// name and mode is returned as it is, whatever the other options say; one of another mode, or with dead processes, is
// taken down first. A Full cluster that this machine cannot run is an error that names the remedy (see ErrNoFull).
//
// When the start fails everything is taken down again except the logs, whose folder the error names.
func Up(ctx context.Context, o Options) (*Cluster, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	l, err := prepare(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("bring up cluster %s: %w", o.Name, err)
	}
	unlock, err := lockDir(l.dir, true)
	if err != nil {
		return nil, fmt.Errorf("bring up cluster %s: %w", o.Name, err)
	}
	defer unlock()
	if old, err := load(l.dir); err == nil {
		if old.alive() && old.Mode == o.Mode {
			l.steps.Note("cluster %s runs already", o.Name)
			return attach(l.dir, old), nil
		}
		l.steps.Note("removing what is left of an earlier cluster %s", o.Name)
		if err := takeDown(ctx, l.dir, old); err != nil {
			return nil, fmt.Errorf("remove the earlier cluster %s: %w", o.Name, err)
		}
	}
	if err := l.run(ctx); err != nil {
		// The context may be the reason of the failure: it must not stop the clean-up.
		err = errors.Join(err, takeDown(context.WithoutCancel(ctx), l.dir, l.state, "logs"))
		return nil, fmt.Errorf("bring up cluster %s: %w (logs: %s)", o.Name, err, filepath.Join(l.dir, "logs"))
	}
	l.steps.Note("cluster %s is up (%s)", o.Name, o.Mode)
	return attach(l.dir, l.state), nil
}

// Attach returns the running cluster of that name, or an error that wraps ErrNotRunning.
func Attach(name string) (*Cluster, error) {
	cache, err := Cache()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "clusters", name)
	s, err := load(dir)
	if err != nil {
		return nil, err
	}
	if !s.alive() {
		return nil, fmt.Errorf("%w: of cluster %s only remains are left; take it down", ErrNotRunning, name)
	}
	return attach(dir, s), nil
}

func attach(dir string, s *State) *Cluster {
	return &Cluster{dir: dir, kubeconfig: filepath.Join(dir, "kubeconfig"), state: s}
}

// Kubeconfig is the path of the kubeconfig file of the cluster's administrator. It works from the machine's own network.
func (c *Cluster) Kubeconfig() string { return c.kubeconfig }

// RESTConfig is a client configuration of the administrator without client-side rate limits.
func (c *Cluster) RESTConfig() (*rest.Config, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig of the cluster: %w", err)
	}
	cfg.QPS = -1
	return cfg, nil
}

// State is what the cluster's state file said when it was attached to.
func (c *Cluster) State() State {
	if c.state == nil {
		return State{}
	}
	return *c.state
}

// Folder is the cluster's folder in the cache, "" if only its kubeconfig is known.
func (c *Cluster) Folder() string { return c.dir }

// LogFile is the log of one of the cluster's processes.
func (c *Cluster) LogFile(process string) string {
	return filepath.Join(c.dir, "logs", process+".log")
}

// Dial connects to an address as the cluster's node sees it: in Full mode to a pod, a Service or the node itself.
func (c *Cluster) Dial(ctx context.Context, address string) (net.Conn, error) {
	if c.state == nil || c.state.Mode != Full {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	return netns.Dial(ctx, namespaceFile(c.dir), address)
}

// Forward passes every connection that l accepts on to an address in the cluster (see Dial), until ctx is done.
func (c *Cluster) Forward(ctx context.Context, l net.Listener, address string) error {
	if c.state == nil || c.state.Mode != Full {
		return fmt.Errorf("forward to %s: a loopback cluster is on the machine's own network; connect directly", address)
	}
	return netns.Forward(ctx, l, namespaceFile(c.dir), address)
}

// LoadImage imports a docker-archive on the real node of a Full cluster.
func (c *Cluster) LoadImage(ctx context.Context, archive string) error {
	if c.state == nil || c.state.Mode != Full {
		return fmt.Errorf("load image %s: the cluster has no real node; use mode %q", archive, Full)
	}
	return importImage(ctx, c.dir, archive)
}

// Down ends the cluster's processes and removes everything that it made. It is not an error if the cluster is gone.
func (c *Cluster) Down(ctx context.Context) error {
	if c.dir == "" {
		return nil // somebody else's
	}
	return downDir(ctx, c.dir)
}

// Down takes the cluster of that name down, whole or not. It is not an error if there is none.
func Down(ctx context.Context, name string) error {
	cache, err := Cache()
	if err != nil {
		return err
	}
	return downDir(ctx, filepath.Join(cache, "clusters", name))
}

// PruneOrphans takes down ephemeral clusters whose owner is gone, and returns their names.
func PruneOrphans(ctx context.Context, log io.Writer) ([]string, error) {
	states, err := List()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range states {
		if !s.orphaned() {
			continue
		}
		if log != nil {
			fmt.Fprintf(log, "taking down cluster %s, whose owner is gone\n", s.Name)
		}
		if err := Down(ctx, s.Name); err != nil {
			return names, err
		}
		names = append(names, s.Name)
	}
	return names, nil
}

func downDir(ctx context.Context, dir string) error {
	unlock, err := lockDir(dir, false)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	s, err := load(dir)
	if err != nil && !errors.Is(err, ErrNotRunning) {
		return err
	}
	if err := takeDown(ctx, dir, s); err != nil {
		return fmt.Errorf("take down cluster %s: %w", filepath.Base(dir), err)
	}
	return os.Remove(dir)
}

// takeDown ends a cluster and empties its folder, but for what keep names. The caller holds the lock of the folder.
func takeDown(ctx context.Context, dir string, s *State, keep ...string) error {
	if s != nil && s.Mode == Full {
		if err := takeNodeDown(ctx, s); err != nil {
			return err
		}
	}
	if s != nil {
		ps := slices.Clone(s.Processes)
		slices.Reverse(ps)
		// What they would still write is thrown away, so there is nothing to wait for.
		if err := proc.Stop(ctx, 0, ps...); err != nil {
			return err
		}
	}
	// That is the network namespace, which ends when it has neither a mount nor a process.
	if err := unmountBelow(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if slices.Contains(keep, e.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// startLimit bounds each wait of a start. It is generous because tests share small machines with compilers.
const startLimit = 2 * time.Minute
