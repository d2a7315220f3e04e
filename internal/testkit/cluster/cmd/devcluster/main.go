// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command devcluster runs the project's development Kubernetes (see package cluster). It backs the cluster targets of
// the GNUmakefile; run it inside a checkout.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// command is one subcommand. Its flags are its own.
type command struct {
	name, args, help string
	run              func(ctx context.Context, name string, args []string) error
}

// commands returns the table of contents. It is a function because usage, which the commands print, reads it.
func commands() []command {
	return []command{
		{"build", "[-mode M]", "build the programs that a cluster needs, into the cache", build},
		{"up", "[flags]", "bring a cluster up; does nothing if it runs", up},
		{"down", "[-name N | -all]", "take a cluster down, whole or not", down},
		{"status", "[-name N]", "say what runs", status},
		{"kubeconfig", "[-name N]", "print the path of the kubeconfig file", kubeconfig},
		{"kubectl", "[-name N] -- ARGS", "run kubectl on a cluster", kubectl},
		{"load", "[-name N] IMAGE.tar…", "import images (docker-archives) on the real node", loadImages},
		{"logs", "[-name N] [PROCESS]", "print the log of a process, or the names of those that have one", logs},
		{"forward", "[-name N] -to IP:PORT [-listen A]", "reach a pod or Service of a full cluster from the machine", forward},
		{"run", "[flags] -- COMMAND…", "run a command with a cluster of its own, and take that down", runWith},
		{"prune", "", "take down clusters whose test is gone; remove programs that nothing uses", prune},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 1 {
		for _, c := range commands() {
			if c.name != os.Args[1] {
				continue
			}
			if err := c.run(ctx, c.name, os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, "devcluster:", err)
				os.Exit(1)
			}
			return
		}
	}
	usage(os.Stderr)
	os.Exit(2)
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: devcluster COMMAND; COMMAND -h lists its flags")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %-34s %s\n", c.name, c.args, c.help)
	}
}

// flags is the flag set of a subcommand, with the flag that nearly all of them have.
func flags(command string) (*flag.FlagSet, *string) {
	fs := flag.NewFlagSet("devcluster "+command, flag.ExitOnError)
	return fs, fs.String("name", "dev", "name of the cluster")
}
