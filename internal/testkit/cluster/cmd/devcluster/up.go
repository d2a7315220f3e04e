// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/binaries"
)

func build(ctx context.Context, name string, args []string) error {
	fs := flag.NewFlagSet("devcluster "+name, flag.ExitOnError)
	mode := fs.String("mode", string(cluster.Full), "loopback or full")
	_ = fs.Parse(args)
	sets := binaries.All
	if *mode == string(cluster.Loopback) {
		sets = binaries.Loopback
	}
	_, err := cluster.Build(ctx, os.Stderr, sets...)
	return err
}

// options declares the flags of a cluster and returns where they land.
func options(fs *flag.FlagSet) *cluster.Options {
	o := &cluster.Options{Log: os.Stderr}
	fs.Func("mode", "loopback (simulated pods, no root) or full (real node, root); default loopback", func(s string) error {
		o.Mode = cluster.Mode(s)
		return nil
	})
	fs.Func("fake-nodes", "number of simulated nodes; default 2", func(s string) (err error) {
		if o.FakeNodes, err = strconv.Atoi(s); o.FakeNodes == 0 {
			o.FakeNodes = -1
		}
		return err
	})
	fs.DurationVar(&o.HPASync, "hpa-sync", time.Second, "period of the HPA controller; Kubernetes' own default is 15s")
	fs.DurationVar(&o.HPADownscale, "hpa-downscale", 5*time.Second, "down-scale stabilisation of HPAs; Kubernetes' own default is 5m")
	list(fs, &o.Images, "image", "docker-archive to import on the real node; may be repeated")
	list(fs, &o.APIServerArgs, "apiserver-arg", "flag for kube-apiserver; may be repeated")
	list(fs, &o.ControllerManagerArgs, "controller-manager-arg", "flag for kube-controller-manager; may be repeated")
	fs.StringVar(&o.AuditPolicy, "audit-policy", "", "audit policy file")
	fs.StringVar(&o.AuditLog, "audit-log", "", "audit log file; needs -audit-policy")
	return o
}

func list(fs *flag.FlagSet, to *[]string, name, help string) {
	fs.Func(name, help, func(s string) error {
		*to = append(*to, s)
		return nil
	})
}

func up(ctx context.Context, command string, args []string) error {
	fs, name := flags(command)
	o := options(fs)
	_ = fs.Parse(args)
	o.Name = *name
	c, err := cluster.Up(ctx, *o)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "use it with:")
	fmt.Printf("export KUBECONFIG=%s\n", c.Kubeconfig())
	return nil
}

// runWith is for tests: their processes find the cluster in the environment.
func runWith(ctx context.Context, command string, args []string) error {
	fs := flag.NewFlagSet("devcluster "+command, flag.ExitOnError)
	o := options(fs)
	_ = fs.Parse(args)
	if fs.NArg() == 0 {
		return fmt.Errorf("run needs a command after --")
	}
	o.Name, o.Ephemeral = "run-"+strconv.Itoa(os.Getpid()), true
	c, err := cluster.Up(ctx, *o)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, fs.Arg(0), fs.Args()[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), cluster.KubeconfigEnv+"="+c.Kubeconfig(), "KUBECONFIG="+c.Kubeconfig())
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	runErr := cmd.Run()
	if err := c.Down(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if runErr != nil {
		return fmt.Errorf("%s: %w", strings.Join(fs.Args(), " "), runErr)
	}
	return nil
}

func down(ctx context.Context, command string, args []string) error {
	fs, name := flags(command)
	all := fs.Bool("all", false, "every cluster in the cache")
	_ = fs.Parse(args)
	names := []string{*name}
	if *all {
		states, err := cluster.List()
		if err != nil {
			return err
		}
		names = nil
		for _, s := range states {
			names = append(names, s.Name)
		}
	}
	for _, n := range names {
		begin := time.Now()
		if err := cluster.Down(ctx, n); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "cluster %s is down (%.1fs)\n", n, time.Since(begin).Seconds())
	}
	return nil
}
