// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// fact is what testdata/reference.json records about one parameter of KEDA.
type fact struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Sources   []string `json:"sources"`
	Aliases   []string `json:"aliases"`
	Default   string   `json:"default"`
	Enum      []string `json:"enum"`
	Exclusive []string `json:"exclusive"`
	Required  bool     `json:"required"`
	Removed   bool     `json:"removed"`
}

// deliberate lists where this project differs from KEDA on purpose, and why. The
// key is "type/parameter aspect", with "*" for all types.
var deliberate = map[string]string{
	"*/authModes enum": "only the modes that KEDA's scaler of the type acts on; KEDA accepts the others and sends nothing",

	"metrics-api/customAuthHeader absent": "KEDA's metrics-api does not act on the mode custom",
	"metrics-api/customAuthValue absent":  "as customAuthHeader",
	"metrics-api/targetValue required":    "KEDA demands it after parsing, unless the trigger only feeds a formula",
	"prometheus/apiKey absent":            "KEDA's prometheus does not act on the mode apiKey",
	"prometheus/method absent":            "as apiKey",
	"prometheus/keyParamName absent":      "as apiKey",

	"prometheus/awsRoleArn new":                        "KEDA reads it outside its declaration",
	"prometheus/awsAccessKeyID new":                    "as awsRoleArn",
	"prometheus/awsSecretAccessKey new":                "as awsRoleArn",
	"prometheus/awsSessionToken new":                   "as awsRoleArn",
	"prometheus/identityOwner default":                 "KEDA's default is in its code",
	"prometheus/identityOwner enum":                    "KEDA checks it in its code",
	"prometheus/GoogleApplicationCredentials new":      "as awsRoleArn",
	"prometheus/cloud new":                             "as awsRoleArn",
	"prometheus/azureManagedPrometheusResourceURL new": "as awsRoleArn",

	"aws-sqs-queue/awsRoleArn new":         "KEDA reads it outside its declaration",
	"aws-sqs-queue/awsAccessKeyID new":     "as awsRoleArn",
	"aws-sqs-queue/awsSecretAccessKey new": "as awsRoleArn",
	"aws-sqs-queue/awsSessionToken new":    "as awsRoleArn",
	"aws-sqs-queue/identityOwner default":  "KEDA's default is in its code",
	"aws-sqs-queue/identityOwner enum":     "KEDA checks it in its code",

	"kubernetes-workload/value required": "KEDA's default of 0 is refused after parsing",

	"*/enableTLS kind":                       "KEDA keeps text and parses it as a boolean later",
	"*/tls default":                          "KEDA treats everything but \"enable\" as off",
	"*/tls enum":                             "a misspelt \"enable\" would leave the connection open",
	"*/cert name":                            "the documented spelling is the name, the odd one the alias",
	"redis/sentinelUsername absent":          "read by redis-sentinel only",
	"redis/sentinelPassword absent":          "read by redis-sentinel only",
	"redis/sentinelMaster absent":            "read by redis-sentinel only",
	"redis-cluster/sentinelUsername absent":  "read by redis-sentinel only",
	"redis-cluster/sentinelPassword absent":  "read by redis-sentinel only",
	"redis-cluster/sentinelMaster absent":    "read by redis-sentinel only",
	"redis-cluster/databaseIndex absent":     "a cluster has one database",
	"redis-sentinel/sentinelMaster required": "sentinels are asked for a master by its name",
}

func TestDeclarationsAgreeWithKEDA(t *testing.T) {
	used := map[string]bool{}
	var types []string
	for kind, facts := range reference(t) {
		types = append(types, kind)
		d, ok := trigger.Lookup(kind)
		if !ok {
			t.Errorf("%s is not built in", kind)
			continue
		}
		for _, difference := range differences(facts, param.Describe(d.New().Declare)) {
			key := kind + "/" + difference
			any := "*/" + difference
			switch {
			case deliberate[key] != "":
				used[key] = true
			case deliberate[any] != "":
				used[any] = true
			default:
				t.Errorf("%s differs from KEDA and no reason is given", key)
			}
		}
	}
	for key := range deliberate {
		if !used[key] {
			t.Errorf("%s no longer differs; delete its reason", key)
		}
	}
	var builtIn []string
	for _, d := range trigger.All() {
		builtIn = append(builtIn, d.Type)
	}
	slices.Sort(types)
	if diff := cmp.Diff(types, builtIn); diff != "" {
		t.Errorf("reference.json and the catalogue (-reference +catalogue):\n%s", diff)
	}
}

func reference(t *testing.T) map[string][]fact {
	t.Helper()
	text, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Type   string `json:"type"`
		Params []fact `json:"params"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	byType := map[string][]fact{}
	for _, s := range all {
		byType[s.Type] = s.Params
	}
	return byType
}

// differences lists "parameter aspect" wherever declaration and facts disagree.
func differences(facts []fact, declaration param.Declaration) []string {
	declared := map[string]param.Description{}
	for _, p := range declaration.Params {
		declared[p.Name] = p
	}
	var found []string
	for _, f := range facts {
		p, ok := declared[f.Name]
		if !ok {
			p, ok = declared[strings.ToLower(f.Name)]
			if ok {
				found = append(found, p.Name+" name")
			}
		}
		if !ok {
			found = append(found, f.Name+" absent")
			continue
		}
		delete(declared, p.Name)
		found = append(found, compare(f, p)...)
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		found = append(found, name+" new")
	}
	return found
}

func compare(f fact, p param.Description) []string {
	var sources []string
	for _, s := range p.Sources {
		sources = append(sources, string(s))
	}
	names := func(name string, aliases []string) string {
		return fmt.Sprint(slices.Sorted(slices.Values(append(aliases, name))))
	}
	var found []string
	for aspect, equal := range map[string]bool{
		"kind":      f.Kind == string(p.Kind),
		"sources":   slices.Equal(f.Sources, sources),
		"aliases":   names(f.Name, f.Aliases) == names(p.Name, p.Aliases),
		"default":   meaning(f.Default) == meaning(p.Default),
		"enum":      slices.Equal(sorted(f.Enum), sorted(p.Enum)),
		"exclusive": slices.Equal(sorted(f.Exclusive), sorted(p.Exclusive)),
		"required":  f.Required == p.Required,
		"removed":   f.Removed == (p.Removed != ""),
	} {
		if !equal {
			found = append(found, p.Name+" "+aspect)
		}
	}
	return found
}

// meaning forgives that some declarations spell the zero value out.
func meaning(text string) string {
	if text == "0" || text == "false" {
		return ""
	}
	return text
}

func sorted(values []string) []string { return slices.Sorted(slices.Values(values)) }
