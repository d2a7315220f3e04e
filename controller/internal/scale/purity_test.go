// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestDecisionsArePure: the packages that decide take the time as a value and
// cannot read, write, wait or log.
func TestDecisionsArePure(t *testing.T) {
	forbidden := []string{"context", "log", "log/slog", "net", "net/http", "os", "sync", "math/rand", "math/rand/v2"}
	prefixes := []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime", "github.com/go-logr", "k8s.io/klog", "k8s.io/utils/clock"}
	clock := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}
	for _, pkg := range []string{"scale", "jobs", "fallback", "modifiers", "hpa"} {
		files, err := filepath.Glob(filepath.Join("..", pkg, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files of package %s: %v", pkg, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				path, _ := strconv.Unquote(spec.Path.Value)
				if slices.Contains(forbidden, path) || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(path, p) }) {
					t.Errorf("%s imports %s", name, path)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if use, ok := n.(*ast.SelectorExpr); ok && slices.Contains(clock, use.Sel.Name) {
					if of, ok := use.X.(*ast.Ident); ok && of.Name == "time" {
						t.Errorf("%s uses time.%s", name, use.Sel.Name)
					}
				}
				return true
			})
		}
	}
}
