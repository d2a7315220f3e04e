// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// Pause is what the pause annotations of an object ask for.
//
// +kubebuilder:object:generate=false
type Pause struct {
	// Paused stops scaling altogether.
	Paused bool
	// Replicas is what a paused target is held at; nil holds whatever there is.
	Replicas *int32
	// ScaleIn and ScaleOut stop scaling down or up. They are false when Paused.
	ScaleIn, ScaleOut bool
}

// Any reports whether the Paused condition is to be True.
func (p Pause) Any() bool { return p.Paused || p.ScaleIn || p.ScaleOut }

// Pause reads the pause annotations. It fails when paused-replicas is not a whole number from 0 to 2147483647; the result is
// then a plain pause, because the presence of the annotation alone pauses.
func (o *ScaledObject) Pause() (Pause, error) {
	if value, ok := o.Annotations[AnnotationPausedReplicas]; ok {
		replicas, err := parsePausedReplicas(value)
		return Pause{Paused: true, Replicas: replicas}, err
	}
	if flagged(o.Annotations, AnnotationPaused) {
		return Pause{Paused: true}, nil
	}
	return Pause{
		ScaleIn:  flagged(o.Annotations, AnnotationPausedScaleIn),
		ScaleOut: flagged(o.Annotations, AnnotationPausedScaleOut),
	}, nil
}

func parsePausedReplicas(value string) (*int32, error) {
	parsed, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32)
	if err != nil || parsed < 0 {
		return nil, fmt.Errorf("annotation %s is %q: set it to a whole number of replicas, 0 or more", AnnotationPausedReplicas, value)
	}
	replicas := int32(parsed)
	return &replicas, nil
}

// ForcesActivation reports whether the object is to be treated as active at each poll.
func (o *ScaledObject) ForcesActivation() bool {
	return flagged(o.Annotations, AnnotationForceActivation)
}

// TransfersHPAOwnership reports whether the object adopts an existing HPA.
func (o *ScaledObject) TransfersHPAOwnership() bool {
	return o.Annotations[AnnotationTransferHPAOwnership] == "true"
}

// LabelsForHPA returns a copy of the labels without those that the annotation excludes.
func (o *ScaledObject) LabelsForHPA() map[string]string {
	return withoutLabels(o.Labels, o.Annotations[AnnotationHPAExcludedLabels])
}

// Paused reports whether no further Jobs are to be started.
func (j *ScaledJob) Paused() bool { return flagged(j.Annotations, AnnotationPaused) }

// LabelsForJobs returns a copy of the labels without those that the annotation excludes.
func (j *ScaledJob) LabelsForJobs() map[string]string {
	return withoutLabels(j.Labels, j.Annotations[AnnotationJobExcludedLabels])
}

// flagged reads a boolean annotation. A value that is not a boolean counts as true, because whoever wrote it wanted something.
func flagged(annotations map[string]string, key string) bool {
	value, ok := annotations[key]
	if !ok {
		return false
	}
	set, err := strconv.ParseBool(strings.TrimSpace(value))
	return err != nil || set
}

func withoutLabels(labels map[string]string, excluded string) map[string]string {
	kept := maps.Clone(labels)
	for key := range strings.SplitSeq(excluded, ",") {
		delete(kept, strings.TrimSpace(key))
	}
	return kept
}
