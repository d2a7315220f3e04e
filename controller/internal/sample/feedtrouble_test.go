// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

// TestErrorsThatAreNoText: a server whose error is binary spoils nobody else's
// metrics.
func TestErrorsThatAreNoText(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	l := lead(t, a, nil)
	l.store.Publish(object(0), []Answer{{Metric: "m", Error: "reading from Redis at r:6379: \xff\x15", At: time.Now()}})
	publish(l.store, 1, 7)
	l.store.MarkComplete()
	client := follow(t, a, at(l.address), nil)
	eventually(t, "snapshot", func() bool { return client.Ready() == nil })
	if !says(client, 1, 7) {
		t.Error("a metric beside the error is lost")
	}
	got, err := client.Latest("ns0", "so0", "m")
	if err != nil || !strings.HasPrefix(got.Error, "reading from Redis at r:6379: ") || !utf8.ValidString(got.Error) {
		t.Errorf("the error: %+v, %v", got, err)
	}
}

// TestLongErrorsOfManyObjects: in an outage every trigger of every object has a
// long error, and the followers hear of all of them.
func TestLongErrorsOfManyObjects(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	l := lead(t, a, nil)
	long := strings.Repeat("x", 2<<10)
	answers := make([]Answer, 10)
	for i := range answers {
		answers[i] = Answer{Metric: "m", Error: long, At: time.Now()}
	}
	for i := range chunk {
		l.store.Publish(object(i), answers)
	}
	l.store.MarkComplete()
	client := follow(t, a, at(l.address), func(o *feed.Options) { o.Follower = "outage" })
	eventually(t, "snapshot", func() bool { return client.Ready() == nil })
	for i := range chunk {
		if got, err := client.Latest(object(i).Namespace, object(i).Name, "m"); err != nil || got.Error != long {
			t.Fatalf("object %d: %+v, %v", i, got, err)
		}
	}
}
