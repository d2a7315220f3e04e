// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command crdpatch finishes the CustomResourceDefinitions that controller-gen wrote, where a marker cannot reach: fields of
// embedded Kubernetes types, and one Go type that two kinds share with a field less. Its argument is the directory of the
// files, which it rewrites; `go generate` in the packages of the API calls it, and a second run changes nothing.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

const header = "# Copyright The terraform-provider-keda Authors\n# SPDX-License-Identifier: Apache-2.0\n---\n"

// schema is a JSON schema, as it stands in the file.
type schema = map[string]any

// patches maps a file to what is done to the schema of its spec; every other file is only rewritten.
var patches = map[string]func(spec schema) error{
	"keda.sh_scaledobjects.yaml": patchScaledObject,
	"keda.sh_scaledjobs.yaml":    patchScaledJob,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: crdpatch DIRECTORY")
		os.Exit(2)
	}
	files, err := filepath.Glob(filepath.Join(os.Args[1], "*.yaml"))
	if err != nil || len(files) == 0 {
		fmt.Fprintf(os.Stderr, "crdpatch: no files in %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
	for _, file := range files {
		if err := rewrite(file, patches[filepath.Base(file)]); err != nil {
			fmt.Fprintf(os.Stderr, "crdpatch: %s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

func rewrite(path string, patch func(schema) error) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var crd schema
	if err := yaml.Unmarshal(data, &crd); err != nil {
		return err
	}
	if patch != nil {
		spec, err := specSchema(crd)
		if err != nil {
			return err
		}
		if err := patch(spec); err != nil {
			return err
		}
	}
	data, err = yaml.Marshal(crd)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte(header), data...), 0o644)
}

func specSchema(crd schema) (schema, error) {
	spec, _ := crd["spec"].(schema)
	versions, _ := spec["versions"].([]any)
	if len(versions) != 1 {
		return nil, fmt.Errorf("want one version, got %d", len(versions))
	}
	version, _ := versions[0].(schema)
	return descend(version, "schema", "openAPIV3Schema", "properties", "spec")
}

// patchScaledObject bounds the stabilization windows as the HorizontalPodAutoscaler's own validation does, so that a value
// out of range is refused here and not when the HPA is written.
func patchScaledObject(spec schema) error {
	for _, direction := range []string{"scaleDown", "scaleUp"} {
		window, err := descend(spec, "properties", "advanced", "properties", "horizontalPodAutoscalerConfig", "properties",
			"behavior", "properties", direction, "properties", "stabilizationWindowSeconds")
		if err != nil {
			return err
		}
		window["minimum"], window["maximum"] = 0, 3600
	}
	return nil
}

// patchScaledJob takes metricType off the triggers, for a ScaledJob has no HPA, and the prose of Kubernetes' own JobSpec out
// of the file, of which it is four fifths: without it the object also fits the annotation of a client-side apply.
func patchScaledJob(spec schema) error {
	trigger, err := descend(spec, "properties", "triggers", "items", "properties")
	if err != nil {
		return err
	}
	delete(trigger, "metricType")
	job, err := descend(spec, "properties", "jobTargetRef", "properties")
	if err != nil {
		return err
	}
	dropDescriptions(job)
	return nil
}

// dropDescriptions removes the prose of all schemas below properties, which maps names to schemas.
func dropDescriptions(properties schema) {
	for _, value := range properties {
		property, ok := value.(schema)
		if !ok {
			continue
		}
		delete(property, "description")
		if children, ok := property["properties"].(schema); ok {
			dropDescriptions(children)
		}
		for _, key := range []string{"items", "additionalProperties"} {
			dropDescriptions(schema{key: property[key]})
		}
	}
}

func descend(node schema, path ...string) (schema, error) {
	for i, key := range path {
		child, ok := node[key].(schema)
		if !ok {
			return nil, fmt.Errorf("no object at %v", path[:i+1])
		}
		node = child
	}
	return node, nil
}
