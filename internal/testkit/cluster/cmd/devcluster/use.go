// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/binaries"
)

func status(_ context.Context, command string, args []string) error {
	fs, name := flags(command)
	_ = fs.Parse(args)
	states, err := cluster.List()
	if err != nil {
		return err
	}
	for _, s := range states {
		if fs.NFlag() > 0 && s.Name != *name {
			continue
		}
		what := "up"
		if !s.Ready {
			what = "not ready"
		}
		fmt.Printf("%s: %s, %s since %s, API server 127.0.0.1:%d\n", s.Name, s.Mode, what, s.Created.Format(time.DateTime), s.Ports.API)
		for _, p := range s.Processes {
			state := "runs"
			if !p.Alive() {
				state = "is gone"
			}
			fmt.Printf("  %-24s pid %-8d %s\n", p.Name, p.PID, state)
		}
	}
	return nil
}

func kubeconfig(_ context.Context, command string, args []string) error {
	fs, name := flags(command)
	_ = fs.Parse(args)
	c, err := cluster.Attach(*name)
	if err != nil {
		return err
	}
	fmt.Println(c.Kubeconfig())
	return nil
}

func kubectl(ctx context.Context, command string, args []string) error {
	fs, name := flags(command)
	_ = fs.Parse(args)
	c, err := cluster.Attach(*name)
	if err != nil {
		return err
	}
	dirs, err := cluster.Build(ctx, os.Stderr, binaries.ControlPlane)
	if err != nil {
		return err
	}
	program := filepath.Join(dirs[binaries.ControlPlane.Name], "kubectl")
	cmd := exec.CommandContext(ctx, program, append([]string{"--kubeconfig", c.Kubeconfig()}, fs.Args()...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

func loadImages(ctx context.Context, command string, args []string) error {
	fs, name := flags(command)
	_ = fs.Parse(args)
	c, err := cluster.Attach(*name)
	if err != nil {
		return err
	}
	for i, archive := range fs.Args() {
		fmt.Fprintf(os.Stderr, "importing %d/%d %s\n", i+1, fs.NArg(), archive)
		if err := c.LoadImage(ctx, archive); err != nil {
			return err
		}
	}
	return nil
}

func logs(_ context.Context, command string, args []string) error {
	fs, name := flags(command)
	_ = fs.Parse(args)
	c, err := cluster.Attach(*name)
	if err != nil {
		return err
	}
	if fs.NArg() == 0 {
		files, err := filepath.Glob(c.LogFile("*"))
		for _, f := range files {
			fmt.Println(strings.TrimSuffix(filepath.Base(f), ".log"))
		}
		return err
	}
	f, err := os.Open(c.LogFile(fs.Arg(0)))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(os.Stdout, f)
	return err
}

func forward(ctx context.Context, command string, args []string) error {
	fs, name := flags(command)
	to := fs.String("to", "", "address in the cluster, IP:PORT")
	listen := fs.String("listen", "127.0.0.1:0", "address on the machine")
	_ = fs.Parse(args)
	c, err := cluster.Attach(*name)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", l.Addr())
	return c.Forward(ctx, l, *to)
}

func prune(ctx context.Context, _ string, _ []string) error {
	if _, err := cluster.PruneOrphans(ctx, os.Stderr); err != nil {
		return err
	}
	cache, err := cluster.Cache()
	if err != nil {
		return err
	}
	store, err := binaries.Open(cache)
	if err != nil {
		return err
	}
	removed, err := store.Prune()
	for _, r := range removed {
		fmt.Fprintln(os.Stderr, "removed", r)
	}
	if err != nil {
		return err
	}
	// Archives of images are copies of the programs, written again within a second when they are needed.
	return os.RemoveAll(filepath.Join(cache, "images"))
}
