// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ErrNoKind means that the cluster has no such custom resource.
var ErrNoKind = errors.New("the cluster does not have KEDA's custom resources")

// ErrReplaced means that the object to change is gone, and that another one may
// have its name.
var ErrReplaced = errors.New("the object was deleted, or deleted and made anew")

// ErrExists means that the object to create is there already.
var ErrExists = errors.New("the object exists already")

// UnreachableError means that no API server answered.
type UnreachableError struct {
	// Server is the URL that was tried.
	Server string
	Err    error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("the API server %s did not answer: %v", e.Server, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Cause is one field that the API server refused.
type Cause struct {
	// Field is its place in the object, for example .spec.maxReplicaCount.
	Field, Message string
}

// RefusedError means that the API server did not accept an object.
type RefusedError struct {
	// Conflicts are fields that other managers own, Causes invalid fields. Both
	// are empty when the server only gave a message.
	Conflicts, Causes []Cause
	Err               error
}

func (e *RefusedError) Error() string { return e.Err.Error() }

func (e *RefusedError) Unwrap() error { return e.Err }

// explain sorts out what an API error is about.
func (c *Client) explain(err error) error {
	if err == nil {
		return nil
	}
	var status apierrors.APIStatus
	var transport *url.Error
	switch {
	case errors.As(err, &status):
	case !errors.As(err, &transport):
		return fmt.Errorf("the API server %s: %w", c.Server, err)
	default:
		return &UnreachableError{Server: c.Server, Err: err}
	}
	refused := &RefusedError{Err: err}
	if apierrors.IsUnauthorized(err) {
		refused.Err = fmt.Errorf("the API server %s does not accept the credentials: %w", c.Server, err)
	}
	if details := status.Status().Details; details != nil {
		if details.Kind == "namespaces" && apierrors.IsNotFound(err) {
			refused.Causes = append(refused.Causes, Cause{"metadata.namespace", fmt.Sprintf("there is no namespace %q; create it first, or refer to the resource that does", details.Name)})
		}
		for _, cause := range details.Causes {
			switch {
			case cause.Type == metav1.CauseTypeFieldManagerConflict:
				refused.Conflicts = append(refused.Conflicts, Cause{cause.Field, owner(cause.Message)})
			case cause.Field != "":
				refused.Causes = append(refused.Causes, Cause{cause.Field, cause.Message})
			}
		}
	}
	return refused
}

var quotedOwner = regexp.MustCompile(`conflict with ("[^"]*")`)

// owner takes the manager's name out of the message of a conflict.
func owner(message string) string {
	if match := quotedOwner.FindStringSubmatch(message); match != nil {
		return match[1]
	}
	return message
}

// passing tells a failure that another try may not meet: the API server did not
// answer, or has trouble of its own.
func passing(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		code := status.Status().Code
		return code >= http.StatusInternalServerError || code == http.StatusTooManyRequests
	}
	var unreachable *UnreachableError
	return errors.As(err, &unreachable) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}

// isReplaced tells that an apply named the UID of an object that is not there.
func isReplaced(err error) bool {
	var status apierrors.APIStatus
	return refuses(err, "metadata.uid") ||
		errors.As(err, &status) && apierrors.IsConflict(err) && strings.Contains(status.Status().Message, "uid mismatch")
}

// isExisting tells that an apply meant to create an object that is there.
func isExisting(err error) bool { return refuses(err, "metadata.resourceVersion") }

// refuses reports whether the API server found a field invalid.
func refuses(err error, field string) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || !apierrors.IsInvalid(err) || status.Status().Details == nil {
		return false
	}
	return slices.ContainsFunc(status.Status().Details.Causes, func(c metav1.StatusCause) bool { return c.Field == field })
}

// isNoKind tells a resource that the server does not serve from an object that
// is not there.
func isNoKind(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || !apierrors.IsNotFound(err) {
		return false
	}
	details := status.Status().Details
	if details == nil {
		return true
	}
	for _, cause := range details.Causes {
		if cause.Type == metav1.CauseTypeUnexpectedServerResponse {
			return true
		}
	}
	return false
}
