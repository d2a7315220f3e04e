// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
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

// Paused reports whether no further Jobs are to be started.
func (j *ScaledJob) Paused() bool { return flagged(j.Annotations, AnnotationPaused) }

// flagged reads a boolean annotation. A value that is not a boolean counts as true, because whoever wrote it wanted something.
func flagged(annotations map[string]string, key string) bool {
	value, ok := annotations[key]
	if !ok {
		return false
	}
	set, err := strconv.ParseBool(strings.TrimSpace(value))
	return err != nil || set
}
