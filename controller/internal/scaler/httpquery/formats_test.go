// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"strings"
	"testing"
)

const (
	jsonPage = `{"queue":{"size":12,"text":"250m","big":"5Gi","flag":true,"word":"many"},"items":[{"n":1},{"n":2}]}`
	yamlPage = "queue:\n  size: 12\n  text: 250m\n  rate: 1.5\n  word: many\nitems:\n- size: 1\n- size: 2\n"
	xmlPage  = `<?xml version="1.0" encoding="UTF-8"?><!-- c -->
<stats state="up"><queue name="a" size="7">12</queue><item><n>1</n></item><item><n>2</n></item><text>250m</text><deep><er>3.5</er></deep></stats>`
	promPage = "# HELP work Items.\n# TYPE work gauge\nwork{queue=\"a\",state=\"new\"} 3\nwork{queue=\"b\"} 4.5\n" +
		"# TYPE done counter\ndone 10\nplain 6\n# TYPE took histogram\ntook_bucket{le=\"+Inf\"} 1\ntook_sum 2\ntook_count 1\n"
)

func TestFind(t *testing.T) {
	tests := []struct {
		format, page, location string
		want                   float64
		err                    string
	}{
		{format: "json", page: jsonPage, location: "queue.size", want: 12},
		{format: "json", page: jsonPage, location: "queue.text", want: 0.25},
		{format: "json", page: jsonPage, location: "queue.big", want: 5 << 30},
		{format: "json", page: jsonPage, location: "items.#", want: 2},
		{format: "json", page: jsonPage, location: "items.1.n", want: 2},
		{format: "json", page: jsonPage, location: `items.#(n==2).n`, want: 2},
		{format: "json", page: `{"n":1e3}`, location: "n", want: 1000},
		{format: "json", page: `{"n":"5E"}`, location: "n", want: 5e18},
		{format: "json", page: `{"n":"25e-3"}`, location: "n", want: 0.025},
		{format: "json", page: `{"n":"1234567890123456789012e2000000000"}`, location: "n", err: "no Kubernetes quantity"},
		{format: "json", page: jsonPage, location: "queue.flag", err: "there is a True"},
		{format: "json", page: jsonPage, location: "queue.word", err: "no Kubernetes quantity"},
		{format: "json", page: jsonPage, location: "queue", err: "must be a number"},
		{format: "json", page: jsonPage, location: "nothing", err: "there is nothing"},
		{format: "json", page: "<html>", location: "queue", err: "not JSON"},
		{format: "json", page: jsonPage, location: "queue.@values.0", want: 12},
		{format: "json", page: strings.Repeat("[", 2<<20) + strings.Repeat("]", 2<<20), location: "@pretty", err: "256 KiB"},
		{format: "json", page: strings.Repeat("[", 100<<10) + strings.Repeat("]", 100<<10), location: "@pretty", err: "not JSON"},
		{format: "json", page: `{"n":"` + strings.Repeat("x", 1<<20) + `","m":7}`, location: "m", want: 7},

		{format: "yaml", page: yamlPage, location: "queue.size", want: 12},
		{format: "yaml", page: yamlPage, location: "queue.rate", want: 1.5},
		{format: "yaml", page: yamlPage, location: "queue.text", want: 0.25},
		{format: "yaml", page: yamlPage, location: "items.1.size", want: 2},
		{format: "yaml", page: yamlPage, location: "items[1].size", want: 2},
		{format: "yaml", page: yamlPage, location: "queue.word", err: "no Kubernetes quantity"},
		{format: "yaml", page: yamlPage, location: "items.2.size", err: `no "2"`},
		{format: "yaml", page: yamlPage, location: "queue", err: "no number"},
		{format: "yaml", page: ":\t-", location: "a", err: "yaml"},
		{format: "yaml", page: "on: {n: 3}\nrate: .nan\n", location: "on.n", want: 3},
		{format: "yaml", page: "rate: .inf\nshards:\n  1: 7\n  total: 18446744073709551615", location: "shards.1", want: 7},
		{format: "yaml", page: "total: 18446744073709551615", location: "total", want: 1 << 64},

		{format: "xml", page: xmlPage, location: "stats.queue", want: 12},
		{format: "xml", page: xmlPage, location: "stats.queue.-size", want: 7},
		{format: "xml", page: xmlPage, location: "stats.queue.#text", want: 12},
		{format: "xml", page: xmlPage, location: "stats.item.n", want: 1},
		{format: "xml", page: xmlPage, location: "stats.item[1].n", want: 2},
		{format: "xml", page: xmlPage, location: "stats.deep.er", want: 3.5},
		{format: "xml", page: xmlPage, location: "stats.text", want: 0.25},
		{format: "xml", page: xmlPage, location: "stats.none", err: `no "none"`},
		{format: "xml", page: "<stats><queue>1", location: "stats.queue", err: "XML"},
		{format: "xml", page: strings.Repeat("<a>", 1000), location: "a", err: "100 deep"},
		{format: "xml", page: "text", location: "stats", err: "no XML element"},

		{format: "prometheus", page: promPage, location: `work{queue="a"}`, want: 3},
		{format: "prometheus", page: promPage, location: `work{queue="b", state=""}`, want: 4.5},
		{format: "prometheus", page: promPage, location: `work{queue=~"b|c",}`, want: 4.5},
		{format: "prometheus", page: promPage, location: `work{queue!="a"}`, want: 4.5},
		{format: "prometheus", page: promPage, location: `work{queue!~"a.*"}`, want: 4.5},
		{format: "prometheus", page: promPage, location: `{__name__="done"}`, want: 10},
		{format: "prometheus", page: promPage, location: `work`, want: 3},
		{format: "prometheus", page: promPage, location: `plain`, want: 6},
		{format: "prometheus", page: "last 6", location: `last`, want: 6},
		{format: "prometheus", page: "# TYPE work gauge\r\nwork{queue=\"a\"} 6\r\nrest 1\r\n", location: `work`, want: 6},
		{format: "prometheus", page: promPage, location: `took`, err: "histogram"},
		{format: "prometheus", page: promPage, location: `none`, err: `no metric "none"`},
		{format: "prometheus", page: promPage, location: `work{queue="z"}`, err: "these labels"},
		{format: "prometheus", page: promPage, location: `work{queue=a}`, err: "malformed"},
		{format: "prometheus", page: promPage, location: `work{queue="a"`, err: "malformed"},
		{format: "prometheus", page: promPage, location: `work{queue="a"} 3`, err: "text after"},
		{format: "prometheus", page: promPage, location: `work{queue=~"("}`, err: "expression"},
		{format: "prometheus", page: promPage, location: `work{queue=~"(.*a){1000}b"}`, err: "too large"},
		{format: "prometheus", page: promPage, location: `work{queue=~"[a-z0-9]{1,40}"}`, want: 3},
		{format: "prometheus", page: promPage, location: `{queue="a"}`, err: "no metric name"},
		{format: "prometheus", page: "<html>", location: `work`, err: "text format"},
	}
	for _, test := range tests {
		t.Run(test.format+" "+test.location, func(t *testing.T) {
			got, err := find([]byte(test.page), test.format, test.location)
			switch {
			case test.err == "" && (err != nil || got != test.want):
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err) || !strings.Contains(err.Error(), "valueLocation")):
				t.Errorf("got %v, %v; want an error with %q", got, err, test.err)
			}
		})
	}
}

// FuzzFind looks for panics and endless loops; pages come from other people's
// servers.
func FuzzFind(f *testing.F) {
	f.Add("json", jsonPage, "queue.size")
	f.Add("yaml", yamlPage, "items[1].n")
	f.Add("xml", xmlPage, "stats.item.n")
	f.Add("prometheus", promPage, `work{queue=~"b|c",}`)
	f.Fuzz(func(t *testing.T, format, page, location string) {
		if _, err := find([]byte(page), format, location); err != nil && err.Error() == "" {
			t.Error("an error without a message")
		}
	})
}

func TestInstantValue(t *testing.T) {
	vector := func(results string) string {
		return `{"status":"success","data":{"resultType":"vector","result":[` + results + `]}}`
	}
	tests := map[string]struct {
		body string
		want float64
		err  string
	}{
		"vector":       {body: vector(`{"metric":{},"value":[1700000000.1,"3.5"]}`), want: 3.5},
		"scalar":       {body: `{"status":"success","data":{"resultType":"scalar","result":[1,"4"]}}`, want: 4},
		"empty":        {body: vector(``), err: "no value"},
		"not a number": {body: vector(`{"value":[1,"NaN"]}`), err: "no value"},
		"infinite":     {body: vector(`{"value":[1,"+Inf"]}`), err: "no value"},
		"several":      {body: vector(`{"value":[1,"1"]},{"value":[1,"2"]}`), err: "2 series"},
		"matrix":       {body: `{"status":"success","data":{"resultType":"matrix","result":[]}}`, err: "is a matrix"},
		"string":       {body: `{"status":"success","data":{"resultType":"string","result":[1,"a"]}}`, err: "is a string"},
		"error":        {body: `{"status":"error","errorType":"timeout","error":"query timed out"}`, err: "timeout: query timed out"},
		"a web page":   {body: `<html>`, err: "not that of Prometheus"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := instantValue([]byte(test.body))
			switch {
			case test.err == "" && (err != nil || got != test.want):
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("got %v, %v; want an error with %q", got, err, test.err)
			}
		})
	}
}
