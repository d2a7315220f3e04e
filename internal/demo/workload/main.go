// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command csvdemo is the work that the demo scales: one static program, one image, four parts.
//
//	csvdemo generate   writes daily sales CSVs onto the shared volume and their names onto the list csvs-to-process
//	csvdemo process    takes names from that list, sums quantities by item, writes YYYYMMDD_aggregated_sales.csv; run by Jobs
//	csvdemo consume    takes finished reports from the list reports-to-publish at a limited rate; run by a Deployment
//	csvdemo observe    tells over HTTP what the lists, ledgers and files hold; the orchestrator asks it
//
// The orchestrator (internal/demo) puts it into a cluster; internal/demo/evidence judges what it reports.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// settings are the flags of all parts. Names of the flags are those of the fields, in lower case.
type settings struct {
	redis, data, worker string
	work                time.Duration // length of one piece of work
	files, rows         int
	limit               time.Duration // after which a processor takes no more files
	listen              string
	log                 io.Writer
}

func main() {
	// A consumer that is scaled down gets SIGTERM: it finishes what it holds and goes.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "csvdemo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	parts := map[string]func(context.Context, settings, *redis.Client) error{
		"generate": generate, "process": process, "consume": consume, "observe": observe,
	}
	if len(args) == 0 || parts[args[0]] == nil {
		return errors.New("usage: csvdemo generate|process|consume|observe [flags]")
	}
	s, err := parse(args[0], args[1:])
	if err != nil {
		return err
	}
	client := redis.NewClient(&redis.Options{Addr: s.redis})
	defer client.Close()
	return parts[args[0]](ctx, s, client)
}

func parse(part string, args []string) (settings, error) {
	s := settings{log: os.Stdout}
	fs := flag.NewFlagSet("csvdemo "+part, flag.ContinueOnError)
	fs.StringVar(&s.redis, "redis", "redis:6379", "address of Redis")
	fs.StringVar(&s.data, "data", "/data", "folder of the shared volume")
	fs.StringVar(&s.worker, "worker", os.Getenv("WORKER"), "name under which work is held and recorded; default $WORKER")
	fs.DurationVar(&s.work, "work", 500*time.Millisecond, "how long one file or report is made to take, so that there is something to see")
	fs.IntVar(&s.files, "files", 12, "generate: days to write; process: files to take before the end")
	fs.IntVar(&s.rows, "rows", 200, "generate: rows of each file")
	fs.DurationVar(&s.limit, "limit", time.Minute, "process: time after which no more files are taken")
	fs.StringVar(&s.listen, "listen", ":8080", "observe: address to listen on")
	if err := fs.Parse(args); err != nil {
		return s, err
	}
	if (part == "process" || part == "consume") && s.worker == "" {
		return s, errors.New("-worker or $WORKER must name the worker: its Job or its pod")
	}
	return s, nil
}

// pause is the work itself: summing 200 numbers is over too soon to be scaled.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
