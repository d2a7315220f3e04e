#!/bin/bash
# Copyright The terraform-provider-keda Authors
# SPDX-License-Identifier: Apache-2.0
#
# gen.sh MINOR.PATCH (34.4, say) writes go.mod for that Kubernetes release; run `go mod tidy` here afterwards.
# k8s.io/kubernetes replaces its libraries by ./staging folders, which a dependency cannot follow; the same libraries are
# published as v0.MINOR.PATCH. The replaces live in this nested module so that they never reach the project's own go.mod.
set -euo pipefail
V=$1
cd "$(dirname "$0")"
go mod download "k8s.io/kubernetes@v1.$V"
mod=$(go env GOMODCACHE)/cache/download/k8s.io/kubernetes/@v/v1.$V.mod
{
  printf 'module devcluster/kubernetes\n\ngo %s\n\nrequire k8s.io/kubernetes v1.%s\n\nreplace (\n' "$(awk '$1=="go"{print $2}' "$mod")" "$V"
  awk -v v="v0.$V" '$2=="=>" && $3 ~ /^\.\/staging/ {print "\t"$1" => "$1" "v}' "$mod"
  printf ')\n'
} > go.mod
