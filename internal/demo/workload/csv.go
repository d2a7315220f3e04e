// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
)

// row is one sale.
type row struct {
	at             time.Time
	item, quantity int
}

var (
	rawHeader        = []string{"timestamp", "item", "quantity"}
	aggregatedHeader = []string{"item", "quantity"}
)

// aggregatedSuffix takes the place of .csv in the name of a raw file.
const aggregatedSuffix = "_aggregated_sales.csv"

func rawPath(data, name string) string { return filepath.Join(data, "raw", name) }

func aggregatedPath(data, name string) string {
	return filepath.Join(data, "aggregated", strings.TrimSuffix(name, ".csv")+aggregatedSuffix)
}

// salesOf makes up the sales of a day, the same ones each time.
func salesOf(day time.Time, rows int) []row {
	random := rand.New(rand.NewPCG(uint64(day.Unix()), 180))
	sales := make([]row, rows)
	for i := range sales {
		sales[i] = row{day.Add(time.Duration(random.IntN(24*60*60)) * time.Second), 1 + random.IntN(evidence.Items), 1 + random.IntN(10)}
	}
	slices.SortStableFunc(sales, func(a, b row) int { return a.at.Compare(b.at) })
	return sales
}

func writeRaw(w io.Writer, sales []row) error {
	records := [][]string{rawHeader}
	for _, s := range sales {
		records = append(records, []string{s.at.Format(time.RFC3339), strconv.Itoa(s.item), strconv.Itoa(s.quantity)})
	}
	return csv.NewWriter(w).WriteAll(records)
}

// sum reads a raw or an aggregated file: the quantities by item, and the number of rows.
func sum(r io.Reader, header []string) (q [evidence.Items]int, rows int, err error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = len(header)
	got, err := in.Read()
	if err != nil {
		return q, 0, fmt.Errorf("read the header: %w", err)
	}
	if !slices.Equal(got, header) {
		return q, 0, fmt.Errorf("the header is %q instead of %q", got, header)
	}
	for ; ; rows++ {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return q, rows, nil
		}
		if err != nil {
			return q, rows, err
		}
		item, err1 := strconv.Atoi(record[len(record)-2])
		quantity, err2 := strconv.Atoi(record[len(record)-1])
		if err := errors.Join(err1, err2); err != nil {
			return q, rows, err
		}
		if item < 1 || item > evidence.Items || quantity < 0 {
			return q, rows, fmt.Errorf("row %d: item %d, quantity %d: items are 1 to %d, quantities not negative", rows+1, item, quantity, evidence.Items)
		}
		q[item-1] += quantity
	}
}

func writeAggregated(w io.Writer, q [evidence.Items]int) error {
	records := [][]string{aggregatedHeader}
	for i, quantity := range q {
		records = append(records, []string{strconv.Itoa(i + 1), strconv.Itoa(quantity)})
	}
	return csv.NewWriter(w).WriteAll(records)
}

// aggregate writes the aggregated file of a raw one. Doing it again gives the same file.
func aggregate(data, name string) error {
	f, err := os.Open(rawPath(data, name))
	if err != nil {
		return err
	}
	defer f.Close()
	q, _, err := sum(f, rawHeader)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return replace(aggregatedPath(data, name), func(w io.Writer) error { return writeAggregated(w, q) })
}

// replace writes a file beside its place and renames it: whoever sees the file sees all of it.
func replace(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := write(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
