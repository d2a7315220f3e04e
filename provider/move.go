// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
)

// movable are the resource types of other providers that hold a manifest, with
// how to find it in their state. Providers are known by the end of their
// address, so that mirrors and OpenTofu's registry are recognised too.
var movable = map[string]func(state []byte) (map[string]any, error){
	"hashicorp/kubernetes:kubernetes_manifest": manifestOfKubernetes,
	"gavinbunney/kubectl:kubectl_manifest":     manifestOfKubectl,
	"alekc/kubectl:kubectl_manifest":           manifestOfKubectl,
}

// moved turns the state of another resource type that holds the same object into
// one of this type. It contacts nobody: Terraform moves before it configures.
func (d *definition) moved(address, typeName string, state []byte) (tftypes.Value, error) {
	owner := path.Base(path.Dir(address)) + "/" + path.Base(address)
	find, ok := movable[owner+":"+typeName]
	if !ok {
		return tftypes.Value{}, fmt.Errorf("a %s of %s cannot become a keda_%s; kubernetes_manifest and kubectl_manifest can", typeName, address, d.name)
	}
	manifest, err := find(state)
	if err != nil {
		return tftypes.Value{}, fmt.Errorf("the state of the %s cannot be read: %w", typeName, err)
	}
	object := &unstructured.Unstructured{Object: manifest}
	group, _, _ := strings.Cut(object.GetAPIVersion(), "/")
	if group != v1alpha1.GroupVersion.Group || object.GetKind() != d.kind {
		return tftypes.Value{}, fmt.Errorf("the %s holds a %s of %s, but a keda_%s holds a %s of %s", typeName,
			object.GetKind(), object.GetAPIVersion(), d.name, d.kind, v1alpha1.GroupVersion)
	}
	if d.namespaced && object.GetNamespace() == "" {
		object.SetNamespace("default")
	}
	if d.modernize != nil {
		d.modernize(object.Object)
	}
	moved := d.imported(tftypes.NewValue(d.wire, nil), object)
	// The refresh after the move takes a state without a UID for an import, and
	// would then show what others have added to the object as well.
	if convert.Attribute(moved, "uid").IsNull() {
		moved = convert.With(moved, map[string]tftypes.Value{"uid": tftypes.NewValue(tftypes.String, "")})
	}
	return d.derive(moved), nil
}

// manifestOfKubernetes reads the state of a kubernetes_manifest, whose manifest
// is an attribute of any type.
func manifestOfKubernetes(state []byte) (map[string]any, error) {
	var saved struct {
		Manifest struct {
			Value json.RawMessage `json:"value"`
		} `json:"manifest"`
	}
	if err := json.Unmarshal(state, &saved); err != nil {
		return nil, err
	}
	if len(saved.Manifest.Value) == 0 {
		return nil, errors.New("it has no manifest")
	}
	return decodeObject(saved.Manifest.Value)
}

// manifestOfKubectl reads the state of a kubectl_manifest.
func manifestOfKubectl(state []byte) (map[string]any, error) {
	var saved struct {
		Body      string `json:"yaml_body"`
		Namespace string `json:"override_namespace"`
	}
	if err := json.Unmarshal(state, &saved); err != nil {
		return nil, err
	}
	encoded, err := yaml.YAMLToJSON([]byte(saved.Body))
	if err != nil {
		return nil, errors.New("its yaml_body is not YAML") // the parser's message would show the text
	}
	object, err := decodeObject(encoded)
	if err == nil && saved.Namespace != "" {
		(&unstructured.Unstructured{Object: object}).SetNamespace(saved.Namespace)
	}
	return object, err
}

// decodeObject decodes JSON with whole numbers as such.
func decodeObject(encoded []byte) (map[string]any, error) {
	if bytes.Equal(bytes.TrimSpace(encoded), []byte("null")) {
		return nil, errors.New("its manifest is empty")
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(encoded); err != nil {
		return nil, err
	}
	return object.Object, nil
}
