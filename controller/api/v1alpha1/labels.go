// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"maps"
	"strings"
)

// LabelsForHPA returns a copy of the labels without those that the annotation excludes.
func (o *ScaledObject) LabelsForHPA() map[string]string {
	return withoutLabels(o.Labels, o.Annotations[AnnotationHPAExcludedLabels])
}

// LabelsForJobs returns a copy of the labels without those that the annotation excludes.
func (j *ScaledJob) LabelsForJobs() map[string]string {
	return withoutLabels(j.Labels, j.Annotations[AnnotationJobExcludedLabels])
}

func withoutLabels(labels map[string]string, excluded string) map[string]string {
	kept := maps.Clone(labels)
	for key := range strings.SplitSeq(excluded, ",") {
		delete(kept, strings.TrimSpace(key))
	}
	return kept
}

// UsualLabels are those that Kubernetes recommends for all objects, on one that is part of a ScaledObject or ScaledJob.
func UsualLabels(name, partOf, version string) map[string]string {
	return map[string]string{
		LabelAppName: labelValue(name), LabelAppPartOf: labelValue(partOf), LabelAppVersion: labelValue(version), LabelAppManagedBy: ManagedBy,
	}
}

// labelValue makes the value of a label of a text: at most 63 characters, of those that are allowed, and beginning and ending with
// a letter or digit.
func labelValue(text string) string {
	value := strings.Map(func(r rune) rune {
		if isAlphanumeric(r) || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, text)
	value = value[:min(len(value), maxLabelLength)]
	return strings.TrimFunc(value, func(r rune) bool { return !isAlphanumeric(r) })
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
