// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// importedAs is the state of which only the name is known. It takes an ID, which
// is namespace/name (name alone for cluster-scoped kinds) or what
// kubernetes_manifest uses, or else an identity.
func (d *definition) importedAs(id string, identity tftypes.Value) (tftypes.Value, error) {
	ref := d.ref(identity)
	if d.namespaced && ref.Namespace == "" {
		ref.Namespace = "default"
	}
	if id != "" || ref.Name == "" {
		var err error
		if ref.Namespace, ref.Name, err = d.parseID(id); err != nil {
			return tftypes.Value{}, err
		}
	}
	values := map[string]tftypes.Value{"name": tftypes.NewValue(tftypes.String, ref.Name)}
	if d.namespaced {
		values["namespace"] = tftypes.NewValue(tftypes.String, ref.Namespace)
	}
	return convert.Blank(d.wire, values), nil
}

func (d *definition) parseID(id string) (namespace, name string, err error) {
	if strings.Contains(id, "=") {
		pairs := map[string]string{}
		for pair := range strings.SplitSeq(id, ",") {
			key, value, _ := strings.Cut(pair, "=")
			pairs[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
		namespace, name = pairs["namespace"], pairs["name"]
		if kind := pairs["kind"]; kind != "" && kind != d.kind {
			return "", "", fmt.Errorf("%q names a %s, but keda_%s holds a %s", id, kind, d.name, d.kind)
		}
	} else if d.namespaced {
		namespace, name, _ = strings.Cut(id, "/")
	} else {
		name = id
	}
	if name == "" || strings.Contains(name, "/") || (namespace == "") == d.namespaced {
		return "", "", fmt.Errorf("%q does not name one object. Write it as %s", id, d.idForm())
	}
	return namespace, name, nil
}

func (d *definition) idForm() string {
	if d.namespaced {
		return "namespace/name"
	}
	return "name"
}

// exists reports that an object to be created is there already.
func (d *definition) exists(ref kube.Ref, diags *diag.Diagnostics) {
	id := ref.Name
	if d.namespaced {
		id = ref.Namespace + "/" + ref.Name
	}
	diags.AddAttributeError(path.Root("name"), fmt.Sprintf("%s %s already exists", d.kind, id), fmt.Sprintf(
		"Terraform does not take objects over by itself. To manage this one, import it:\n\n"+
			"  import {\n    to = keda_%s.<name>\n    id = %q\n  }\n\nor: terraform import keda_%s.<name> %s\n\n"+
			"Otherwise choose another name, or delete it.", d.name, id, d.name, id))
}

// imported is the state of an object that Terraform sees for the first time.
// Annotations that have an argument of their own are shown there only.
func (d *definition) imported(state tftypes.Value, object *unstructured.Unstructured) tftypes.Value {
	if d.tidy != nil {
		d.tidy(object.Object)
	}
	state = convert.Import(d.fields, state, object.Object)
	annotations := object.GetAnnotations()
	before := len(annotations)
	for i := range d.fields {
		f := &d.fields[i]
		if key, ok := annotationKey(f); ok && !convert.Attribute(state, f.Name).IsNull() {
			delete(annotations, key)
		}
	}
	if len(annotations) == before {
		return state
	}
	object.SetAnnotations(annotations)
	rest := convert.Import(d.fields, tftypes.NewValue(state.Type(), nil), object.Object)
	return convert.With(state, map[string]tftypes.Value{"annotations": convert.Attribute(rest, "annotations")})
}

// hide removes labels and annotations that nobody wrote into a configuration.
func (s *session) hide(object *unstructured.Unstructured) {
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	delete(labels, v1alpha1.LabelScaledObjectName)
	delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
	drop(labels, s.ignoredLabels)
	drop(annotations, s.ignoredAnnotations)
	object.SetLabels(labels)
	object.SetAnnotations(annotations)
}

func drop(members map[string]string, patterns []*regexp.Regexp) {
	for key := range members {
		if slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(key) }) {
			delete(members, key)
		}
	}
}
