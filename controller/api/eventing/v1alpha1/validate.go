// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"net/url"
	"slices"

	kedav1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Reasons of violations of both kinds.
const (
	ReasonIncorrectDestination       kedav1alpha1.Reason = "incorrect-destination"
	ReasonIncorrectEventSubscription kedav1alpha1.Reason = "incorrect-event-subscription"
)

var (
	destination    = kedav1alpha1.Path{"spec", "destination"}
	subscription   = kedav1alpha1.Path{"spec", "eventSubscription"}
	authentication = kedav1alpha1.Path{"spec", "authenticationRef"}
)

// ValidateCloudEventSource returns all that is wrong with a CloudEventSource, as far as that shows without a cluster.
func ValidateCloudEventSource(s *CloudEventSource) kedav1alpha1.Violations {
	return validate(&s.Spec)
}

// ValidateClusterCloudEventSource is ValidateCloudEventSource for the cluster's kind, which has no namespace in which a
// TriggerAuthentication could be.
func ValidateClusterCloudEventSource(s *ClusterCloudEventSource) kedav1alpha1.Violations {
	found := validate(&s.Spec)
	if ref := s.Spec.AuthenticationRef; s.Spec.Destination.HTTP == nil && ref != nil && ref.KindOrDefault() != kedav1alpha1.KindClusterTriggerAuthentication {
		found = append(found, violation(kedav1alpha1.Unworkable, kedav1alpha1.ReasonIncorrectAuthentication, authentication.With("kind"), ref.KindOrDefault(),
			"must be %s, for a %s has no namespace", kedav1alpha1.KindClusterTriggerAuthentication, KindClusterCloudEventSource))
	}
	return found
}

func validate(s *CloudEventSourceSpec) kedav1alpha1.Violations {
	return slices.Concat(checkDestination(s), checkAuthentication(s), checkSubscription(&s.EventSubscription))
}

func checkDestination(s *CloudEventSourceSpec) kedav1alpha1.Violations {
	var found kedav1alpha1.Violations
	d := s.Destination
	if d.HTTP == nil && d.AzureEventGridTopic == nil {
		return append(found, violation(kedav1alpha1.Unworkable, ReasonIncorrectDestination, destination, nil,
			"is empty; set http or azureEventGridTopic"))
	}
	if d.HTTP != nil && d.AzureEventGridTopic != nil {
		found = append(found, violation(kedav1alpha1.Misleading, ReasonIncorrectDestination, destination.With("azureEventGridTopic"), nil,
			"is not used, because http is set too; remove one of them"))
	}
	if d.HTTP != nil {
		return append(found, checkURL(d.HTTP.URI, destination.With("http", "uri"))...)
	}
	return checkURL(d.AzureEventGridTopic.Endpoint, destination.With("azureEventGridTopic", "endpoint"))
}

// checkURL does not show the URL, because people put credentials into URLs.
func checkURL(text string, at kedav1alpha1.Path) kedav1alpha1.Violations {
	u, err := url.Parse(text)
	if err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		return nil
	}
	return kedav1alpha1.Violations{violation(kedav1alpha1.Unworkable, ReasonIncorrectDestination, at, nil,
		"must be a URL that begins with http:// or https:// and has a host")}
}

func checkAuthentication(s *CloudEventSourceSpec) kedav1alpha1.Violations {
	switch {
	case s.Destination.HTTP != nil && s.AuthenticationRef != nil:
		return kedav1alpha1.Violations{violation(kedav1alpha1.Misleading, kedav1alpha1.ReasonIncorrectAuthentication, authentication, s.AuthenticationRef.Name,
			"is read for azureEventGridTopic only; remove it")}
	case s.Destination.HTTP == nil && s.Destination.AzureEventGridTopic != nil && s.AuthenticationRef == nil:
		return kedav1alpha1.Violations{violation(kedav1alpha1.Unworkable, kedav1alpha1.ReasonIncorrectAuthentication, authentication, nil,
			"is missing; name an authentication with the parameter accessKey or podIdentity azure-workload")}
	}
	return nil
}

func checkSubscription(s *EventSubscription) kedav1alpha1.Violations {
	var found kedav1alpha1.Violations
	if len(s.IncludedEventTypes) > 0 && len(s.ExcludedEventTypes) > 0 {
		found = append(found, violation(kedav1alpha1.Inadmissible, ReasonIncorrectEventSubscription, subscription, nil,
			"has includedEventTypes and excludedEventTypes; remove one of them"))
	}
	for _, list := range []struct {
		name  string
		types []CloudEventType
	}{{"includedEventTypes", s.IncludedEventTypes}, {"excludedEventTypes", s.ExcludedEventTypes}} {
		for i, t := range list.types {
			if !slices.Contains(CloudEventTypes(), t) {
				found = append(found, violation(kedav1alpha1.Inadmissible, ReasonIncorrectEventSubscription, subscription.With(list.name, i), string(t),
					"is not a type of event; types are such as %s and %s", ScaledObjectReadyType, TriggerAuthenticationCreatedType))
			}
		}
	}
	return found
}

func violation(s kedav1alpha1.Severity, r kedav1alpha1.Reason, at kedav1alpha1.Path, value any, format string, args ...any) kedav1alpha1.Violation {
	return kedav1alpha1.Violation{Path: at, Severity: s, Reason: r, Value: value, Message: fmt.Sprintf(format, args...)}
}

// Wants reports whether events of a type are delivered.
func (s *EventSubscription) Wants(t CloudEventType) bool {
	if len(s.IncludedEventTypes) > 0 && !slices.Contains(s.IncludedEventTypes, t) {
		return false
	}
	return !slices.Contains(s.ExcludedEventTypes, t)
}
