// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
)

func literal(name, value string) corev1.EnvVar { return corev1.EnvVar{Name: name, Value: value} }

func fromSecret(name, key string, optional bool) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: "redis"}, Key: key, Optional: &optional}}}
}

func fromConfigMap(name, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: "redis"}, Key: key}}}
}

func fromField(name string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}}
}

// container is a workload whose first container has an environment.
func container(env []corev1.EnvVar, from ...corev1.EnvFromSource) auth.Workload {
	template := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Name: "main", Env: env, EnvFrom: from},
		{Name: "sidecar", Env: []corev1.EnvVar{literal("A", "of the sidecar")}},
	}}}
	return auth.Workload{Name: "Deployment default/web", Namespace: "default", Template: func() (*corev1.PodTemplateSpec, error) { return template, nil }}
}

func allOf(configMap bool, prefix string) corev1.EnvFromSource {
	ref := corev1.LocalObjectReference{Name: "redis"}
	if configMap {
		return corev1.EnvFromSource{Prefix: prefix, ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: ref}}
	}
	return corev1.EnvFromSource{Prefix: prefix, SecretRef: &corev1.SecretEnvSource{LocalObjectReference: ref}}
}

func TestEnvironment(t *testing.T) {
	resolver := newResolver(t, secret("redis", "password", "s3cret", "user", "root"), configMap("redis", "host", "redis:6379", "user", "nobody"))
	sidecar := container(nil)
	sidecar.Container = "sidecar"
	for name, c := range map[string]struct {
		workload auth.Workload
		want     string
		err      string
	}{
		"a value":                              {container([]corev1.EnvVar{literal("A", "x")}), "x", ""},
		"an empty value":                       {container([]corev1.EnvVar{literal("A", "")}), "", ""},
		"the last of a name":                   {container([]corev1.EnvVar{literal("A", "x"), literal("A", "y")}), "y", ""},
		"a Secret":                             {container([]corev1.EnvVar{fromSecret("A", "password", false)}), "s3cret", ""},
		"a ConfigMap":                          {container([]corev1.EnvVar{fromConfigMap("A", "host")}), "redis:6379", ""},
		"another container":                    {sidecar, "of the sidecar", ""},
		"all of a Secret":                      {container(nil, allOf(false, "")), "", "no environment variable A"},
		"env before envFrom":                   {container([]corev1.EnvVar{literal("A", "x")}, allOf(true, "")), "x", ""},
		"a reference":                          {container([]corev1.EnvVar{literal("B", "b"), literal("A", "<$(B)>")}), "<b>", ""},
		"a reference to a Secret":              {container([]corev1.EnvVar{fromSecret("B", "password", false), literal("A", "redis://:$(B)@host")}), "redis://:s3cret@host", ""},
		"a reference to envFrom":               {container([]corev1.EnvVar{literal("A", "$(user)")}, allOf(false, ""), allOf(true, "")), "nobody", ""},
		"a reference with a prefix":            {container([]corev1.EnvVar{literal("A", "$(R_user)")}, allOf(false, "R_"), allOf(true, "")), "root", ""},
		"a reference to something later":       {container([]corev1.EnvVar{literal("A", "$(B)"), literal("B", "b")}), "$(B)", ""},
		"a reference to itself":                {container([]corev1.EnvVar{literal("A", "x"), literal("A", "$(A)y")}), "xy", ""},
		"a reference to nothing":               {container([]corev1.EnvVar{literal("A", "$(NO)")}), "$(NO)", ""},
		"an escaped reference":                 {container([]corev1.EnvVar{literal("B", "b"), literal("A", "$$(B) $x $")}), "$(B) $x $", ""},
		"a reference to what only a pod knows": {container([]corev1.EnvVar{fromField("IP"), literal("A", "$(IP)")}), "$(IP)", ""},
		"what only a pod knows":                {container([]corev1.EnvVar{literal("A", "x"), fromField("A")}), "", "no environment variable A that is set from a value"},
		"an optional key that is missing":      {container([]corev1.EnvVar{literal("A", "before"), fromSecret("A", "no", true)}), "before", ""},
		"a key that is missing":                {container([]corev1.EnvVar{literal("A", "before"), fromSecret("A", "no", false)}), "", `Secret default/redis has no key "no": it has [password user]`},
		"no container":                         {auth.Workload{Name: "Widget default/w", Template: func() (*corev1.PodTemplateSpec, error) { return nil, nil }}, "", "Widget default/w has no containers"},
		"no template":                          {auth.Workload{Template: func() (*corev1.PodTemplateSpec, error) { return nil, errors.New("etcd is away") }}, "", "etcd is away"},
	} {
		t.Run(name, func(t *testing.T) {
			values, references, err := resolver.Environment(t.Context(), c.workload, []string{"A"})
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("a secret is in %v", err)
			}
			if values["A"] != c.want {
				t.Errorf("A is %q, want %q (read %v)", values["A"], c.want, references)
			}
		})
	}
}

// TestEnvironmentThatDoublesItself: what may be written in a small manifest must
// not fill the memory of the controller.
func TestEnvironmentThatDoublesItself(t *testing.T) {
	for name, seed := range map[string]string{"growing": "x", "empty": ""} {
		env := []corev1.EnvVar{literal("V0", seed)}
		for i := 1; i < 64; i++ {
			before := "$(V" + strconv.Itoa(i-1) + ")"
			env = append(env, literal("V"+strconv.Itoa(i), before+before))
		}
		env = append(env, literal("A", "$(V63)"))
		values, _, err := newResolver(t).Environment(t.Context(), container(env), []string{"A"})
		switch {
		case seed == "" && (err != nil || values["A"] != ""):
			t.Errorf("%s: %q, error %v", name, values["A"], err)
		case seed != "" && (err == nil || !strings.Contains(err.Error(), "expands to more than")):
			t.Errorf("%s: %d bytes, error %v", name, len(values["A"]), err)
		}
	}
}

// TestEnvironmentReadsASourceOnce: however often variables name each other, what
// envFrom names is read once.
func TestEnvironmentReadsASourceOnce(t *testing.T) {
	workload := container([]corev1.EnvVar{literal("A", strings.Repeat("$(password)$(none)", 1000))})
	template, err := workload.Template()
	if err != nil {
		t.Fatal(err)
	}
	template.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{
		{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "none"}, Optional: new(true)}},
		{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "redis"}}},
	}
	workload.Template = func() (*corev1.PodTemplateSpec, error) { return template, nil }
	values, references, err := newResolver(t, secret("redis", "password", "x")).Environment(t.Context(), workload, []string{"A"})
	if err != nil || values["A"] != strings.Repeat("x$(none)", 1000) {
		t.Errorf("%.50q, error %v", values["A"], err)
	}
	if len(references) != 2 {
		t.Errorf("%d reads of 2 sources", len(references))
	}
}

func TestEnvironmentReadsOnlyWhatIsNeeded(t *testing.T) {
	workload := container([]corev1.EnvVar{fromSecret("OTHER", "password", false), fromConfigMap("B", "host"), literal("A", "$(B)")})
	_, references, err := newResolver(t, secret("redis", "password", "x"), configMap("redis", "host", "y")).Environment(t.Context(), workload, []string{"A"})
	want := []auth.Reference{{Kind: "ConfigMap", Namespace: "default", Name: "redis"}}
	if diff := cmp.Diff(want, references); err != nil || diff != "" {
		t.Errorf("error %v, references (-want +got):\n%s", err, diff)
	}
}

// FuzzExpansion compares with a plain reading of the rules: text is copied, $$ is
// $, $(NAME) is a variable's value or stays.
func FuzzExpansion(f *testing.F) {
	for _, text := range []string{"$(B)", "$$(B)", "a$(B)c$(C)", "$(", "$()", "$($(B))", "$", "$$", "$B)", "$(B)$$$(C)"} {
		f.Add(text, "b", "$(B)")
	}
	resolver := &auth.Resolver{} // reads nothing
	f.Fuzz(func(t *testing.T, text, b, c string) {
		expandedB := plainly(b, nil)
		known := map[string]string{"B": expandedB}
		known["C"] = plainly(c, known)
		want := plainly(text, known)
		values, _, err := resolver.Environment(t.Context(), container([]corev1.EnvVar{literal("B", b), literal("C", c), literal("A", text)}), []string{"A"})
		if err != nil || values["A"] != want {
			t.Errorf("%q with B=%q and C=%q is %q, want %q, error %v", text, b, c, values["A"], want, err)
		}
	})
}

func plainly(text string, known map[string]string) string {
	out := ""
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			out += text[i : i+1]
			continue
		}
		if text[i+1] == '$' {
			out += "$"
			i++
			continue
		}
		end := strings.Index(text[i:], ")")
		if text[i+1] != '(' || end < 0 {
			out += "$"
			continue
		}
		reference := text[i : i+end+1]
		if value, ok := known[reference[2:len(reference)-1]]; ok {
			reference = value
		}
		out += reference
		i += end
	}
	return out
}
