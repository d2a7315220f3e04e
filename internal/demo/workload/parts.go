// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/redis/go-redis/v9"
)

// firstDay is the day of the first file.
var firstDay = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// generate writes one file for each day. Its name goes onto the list when the file is complete.
func generate(ctx context.Context, s settings, c *redis.Client) error {
	for i := range s.files {
		day := firstDay.AddDate(0, 0, i)
		name := day.Format("20060102") + ".csv"
		err := replace(rawPath(s.data, name), func(w io.Writer) error { return writeRaw(w, salesOf(day, s.rows)) })
		if err != nil {
			return fmt.Errorf("write the sales of %s: %w", name, err)
		}
		if err := c.RPush(ctx, csvs.waiting, name).Err(); err != nil {
			return fmt.Errorf("announce the sales of %s: %w", name, err)
		}
	}
	fmt.Fprintf(s.log, "wrote %d files of %d rows\n", s.files, s.rows)
	return nil
}

// process works on a batch of files and ends. One Job for each file would spend more on starting pods than on the
// work, and with 5 Jobs at a time and a look at the queue every 10 s, 180 files would take 180/5*10 s = 6 minutes. A Job
// that went on until the list is empty would never give its place to another. So a Job takes a batch (-files), which is
// also the list_length of the trigger: the queue length divided by it is the number of Jobs that are worth starting.
func process(ctx context.Context, s settings, c *redis.Client) error {
	end := time.Now().Add(s.limit)
	done, err := csvs.each(ctx, c, s.worker,
		func(done int) bool { return done >= s.files || time.Now().After(end) },
		func(ctx context.Context, name string) error {
			if err := pause(ctx, s.work); err != nil {
				return err
			}
			return aggregate(s.data, name)
		}, reports)
	fmt.Fprintf(s.log, "%s processed %d files\n", s.worker, done)
	return err
}

// consume publishes reports until it is told to stop, resting when there are none.
func consume(ctx context.Context, s settings, c *redis.Client) error {
	const rest = 200 * time.Millisecond
	publish := func(ctx context.Context, name string) error { return pause(ctx, s.work) }
	for total := 0; ; {
		done, err := reports.each(ctx, c, s.worker, func(int) bool { return false }, publish)
		total += done
		if err != nil {
			return err
		}
		if pause(ctx, rest) != nil {
			fmt.Fprintf(s.log, "%s published %d reports\n", s.worker, total)
			return nil //nolint:nilerr // being told to stop is no failure
		}
	}
}
