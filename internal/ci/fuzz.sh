#!/usr/bin/env bash
# make fuzz: runs each fuzz target for a while. go test fuzzes one target at a time.
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:-30s}
grep -rlE '^func Fuzz' --include=*_test.go . | while read -r file; do
	for target in $(grep -oE '^func (Fuzz[A-Za-z0-9_]*)' "$file" | awk '{print $2}'); do
		echo "==> $(dirname "$file") $target for $time"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$(dirname "$file")"
	done
done
