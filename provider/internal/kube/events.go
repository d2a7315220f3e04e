// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// shownEvents is how many warnings an error shows.
const shownEvents = 3

// eventPatience bounds the read of the events of an error.
const eventPatience = 5 * time.Second

// Warnings lists the newest warnings about an object, newest first, and not those
// about others of its name. It is there to explain another error: it has time of
// its own, and its own errors say nothing of interest.
func (c *Client) Warnings(ctx context.Context, ref Ref, uid types.UID) []string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eventPatience)
	defer cancel()
	events := schema.GroupVersionResource{Version: "v1", Resource: "events"}
	list, err := c.in(Ref{Resource: events, Namespace: ref.Namespace}).List(ctx, metav1.ListOptions{
		FieldSelector: fmt.Sprintf("type=Warning,involvedObject.name=%s,involvedObject.uid=%s", ref.Name, uid),
	})
	if err != nil {
		return nil
	}
	slices.SortFunc(list.Items, func(a, b unstructured.Unstructured) int {
		return cmp.Compare(when(b), when(a))
	})
	var lines []string
	for _, event := range list.Items[:min(shownEvents, len(list.Items))] {
		lines = append(lines, fmt.Sprintf("%s: %s", field(event, "reason"), field(event, "message")))
	}
	return lines
}

// when is the time of an event, which stands in one of several fields.
func when(event unstructured.Unstructured) string {
	for _, key := range []string{"lastTimestamp", "eventTime"} {
		if at := field(event, key); at != "" {
			return at
		}
	}
	return event.GetCreationTimestamp().UTC().Format(time.RFC3339)
}

func field(object unstructured.Unstructured, key string) string {
	text, _, _ := unstructured.NestedString(object.Object, key)
	return text
}
