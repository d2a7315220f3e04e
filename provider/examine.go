// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// examine reports everything that is wrong with a configuration, as far as it is
// known. It runs when Terraform validates, plans and applies.
func (d *definition) examine(e *convert.Expansion, config tftypes.Value, diags *diag.Diagnostics) {
	for _, p := range e.Problems {
		diags.AddAttributeError(p.Path, p.Summary, at(p.Path, p.Detail))
	}
	examineTimeouts(config, diags)
	d.examineAnnotations(config, diags)
	metadata, _ := e.Object["metadata"].(map[string]any)
	examineLabels(path.Root("labels"), metadata["labels"], refuser(diags))
	examineKeys(path.Root("annotations"), metadata["annotations"], refuser(diags))
	if d.misfits != nil && d.examineMisfits(e, config, diags) {
		return
	}
	unknown := make([]v1alpha1.Path, len(e.Unknown))
	for i, location := range e.Unknown {
		unknown[i] = v1alpha1.Path(location)
	}
	violations, err := d.check(e.Object, unknown)
	if err != nil {
		diags.AddError("Not a "+d.kind, fmt.Sprintf("The configuration cannot be read as a %s: %v.", d.kind, err))
	}
	for _, v := range violations {
		d.violation(v, config, diags)
	}
}

// violation turns a violation into a diagnostic at its argument.
func (d *definition) violation(v v1alpha1.Violation, config tftypes.Value, diags *diag.Diagnostics) {
	location := convert.Location(v.Path)
	place := convert.Locate(d.fields, config, location)
	name := lastName(place, location)
	text := name
	if v.Value != nil {
		text += " = " + quote(v.Value)
	}
	text += " " + d.inHCL(v.Message, config, location) + "."
	if v.Suggestion != "" {
		text += fmt.Sprintf(" Did you mean %q?", v.Suggestion)
	}
	summary := summaryOf(v, name)
	if v.Severity < v1alpha1.Misleading || v.Reason == v1alpha1.ReasonUnsupportedTrigger {
		diags.AddAttributeWarning(place, summary, at(place, text))
		return
	}
	diags.AddAttributeError(place, summary, at(place, text))
}

func summaryOf(v v1alpha1.Violation, name string) string {
	switch {
	case v.Reason == v1alpha1.ReasonUnsupportedTrigger:
		return "Trigger type for KEDA only"
	case v.UnknownKey:
		return "Unknown parameter " + name
	case v.Value == nil && strings.HasPrefix(v.Message, "is missing"):
		return "Missing " + name
	}
	return "Invalid " + name
}

// lastName is what a sentence about an argument begins with. A required block
// that is not there has no path of its own, so its key is named.
func lastName(place path.Path, location convert.Location) string {
	if steps := place.Steps(); len(steps) > 0 {
		switch step := steps[len(steps)-1].(type) {
		case path.PathStepAttributeName:
			return string(step)
		case path.PathStepElementKeyString:
			return string(step)
		}
		return place.String()
	}
	return v1alpha1.Path(location).String()
}

// quote writes a value as it stands in HCL. Parameters of triggers are strings
// in the object even where they are numbers.
func quote(value any) string {
	text, ok := value.(string)
	if !ok {
		return fmt.Sprint(value)
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return text
	}
	return strconv.Quote(text)
}

// at adds the place to a text: older Terraform versions only point at the
// resource.
func at(place path.Path, text string) string {
	if len(place.Steps()) == 0 {
		return text
	}
	return text + "\n\nAt " + place.String() + "."
}

func examineTimeouts(config tftypes.Value, diags *diag.Diagnostics) {
	block := convert.Attribute(config, "timeouts")
	for _, operation := range []string{"create", "update", "delete"} {
		text, ok := convert.Known(block, operation)
		if !ok {
			continue
		}
		if limit, err := time.ParseDuration(text); err != nil || limit <= 0 {
			place := path.Root("timeouts").AtName(operation)
			diags.AddAttributeError(place, "Invalid timeout", at(place, fmt.Sprintf("%q is not a duration above zero, such as 30s or 5m.", text)))
		}
	}
}

// examineAnnotations reports annotations that have an argument of their own.
func (d *definition) examineAnnotations(config tftypes.Value, diags *diag.Diagnostics) {
	annotations := convert.Attribute(config, "annotations")
	for i := range d.fields {
		f := &d.fields[i]
		key, ok := annotationKey(f)
		if !ok || convert.Attribute(config, f.Name).IsNull() {
			continue
		}
		if value := convert.Attribute(annotations, key); value.Type() != nil && !value.IsNull() {
			place := path.Root("annotations").AtMapKey(key)
			diags.AddAttributeError(place, "Said twice", at(place, fmt.Sprintf("The annotation %s is what %s sets. Keep one of the two.", key, f.Name)))
		}
	}
}

// annotationKey is the annotation that an argument stands for.
func annotationKey(f *schema.Field) (string, bool) {
	if len(f.At) != 3 || !slices.Equal(f.At[:2], []string{"metadata", "annotations"}) {
		return "", false
	}
	return f.At[2], true
}

func (d *definition) examineMisfits(e *convert.Expansion, config tftypes.Value, diags *diag.Diagnostics) bool {
	misfits := d.misfits(e.Object)
	for _, m := range misfits {
		place := convert.Locate(d.fields, config, m.At)
		diags.AddAttributeError(place, m.Summary, at(place, m.Detail))
	}
	return len(misfits) > 0
}

// explain turns an error of the cluster into diagnostics, at arguments where the
// server names fields.
func (d *definition) explain(err error, config tftypes.Value, diags *diag.Diagnostics) {
	var refused *kube.RefusedError
	var unreachable *kube.UnreachableError
	var stuck *kube.StuckError
	switch {
	case isNoKind(err):
		diags.AddError("KEDA is not installed", fmt.Sprintf("The cluster has no %s.%s. Add a keda_installation resource and depends_on = "+
			"[keda_installation.<name>] to this one, or install KEDA otherwise.", d.plural, v1alpha1.GroupVersion.Group))
	case errors.Is(err, kube.ErrReplaced):
		diags.AddError("Not the object that was planned", fmt.Sprintf("The %s was deleted, or deleted and made anew, after Terraform last read it. Plan again.", d.kind))
	case errors.Is(err, kube.ErrExists):
		d.exists(d.ref(config), diags)
	case errors.As(err, &unreachable):
		diags.AddError("Kubernetes did not answer", capital(err.Error())+".\n\n"+howToConfigure)
	case errors.As(err, &stuck):
		explainStuck(stuck, diags)
	case errors.As(err, &refused) && len(refused.Conflicts) > 0:
		for _, c := range refused.Conflicts {
			place := convert.Locate(d.fields, config, convert.ParseLocation(c.Field))
			diags.AddAttributeError(place, "Field owned by "+c.Message, at(place, fmt.Sprintf("%s was set by %s to another value. Remove the argument to leave "+
				"it to that manager, or set force_conflicts = true to take it over.", lastName(place, convert.ParseLocation(c.Field)), c.Message)))
		}
	case errors.As(err, &refused) && len(refused.Causes) > 0:
		for _, c := range refused.Causes {
			place := convert.Locate(d.fields, config, convert.ParseLocation(c.Field))
			diags.AddAttributeError(place, "Refused by the cluster", at(place, c.Field+": "+c.Message))
		}
	default:
		explainRefusal(err, diags)
	}
}

// explainRefusal explains what an API server refused without naming fields.
func explainRefusal(err error, diags *diag.Diagnostics) {
	text := err.Error()
	switch {
	case apierrors.IsUnauthorized(err):
		diags.AddError("Credentials not accepted", capital(text)+". A token may have expired: get a new one, or use exec, which does so by itself.\n\n"+howToConfigure)
	case apierrors.IsForbidden(err) && strings.Contains(text, "User ") && strings.Contains(text, " cannot "):
		diags.AddError("Not allowed", capital(text)+".\n\nGive the user this right by a Role or ClusterRole and a binding of it, or let the provider be another user.")
	default:
		diags.AddError("Refused by the cluster", capital(text))
	}
}

// explainStuck says how to get rid of an object that was deleted but does not go.
func explainStuck(e *kube.StuckError, diags *diag.Diagnostics) {
	text := "The object " + e.Error() + ".\n\n"
	if slices.Contains(e.Finalizers, v1alpha1.Finalizer) {
		text += fmt.Sprintf("The controller removes %s: see whether it is running and works on this object. If there is none any more, "+
			"remove it by hand, which leaves replicas as they are:\n\n  %s", v1alpha1.Finalizer, letGo(e.Ref, e.Finalizers))
	} else {
		text += fmt.Sprintf("See what it waits for with: kubectl get %s %s -o yaml", e.Ref.Resource.GroupResource(), inNamespace(e.Ref))
	}
	diags.AddError("An object does not go", text)
}

func isNoKind(err error) bool { return errors.Is(err, kube.ErrNoKind) }

func capital(text string) string {
	// The name of a resource, such as scaledobjects.keda.sh, stays as it is.
	if first, _, _ := strings.Cut(text, " "); text == "" || strings.Contains(first, ".") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
