#!/usr/bin/env bash
# make test: everything that CI needs, in the order in which a mistake is found soonest. Each step says what it does
# and how long it took.
set -euo pipefail
cd "$(dirname "$0")/../.."

# One build cache for programs and tests; the race detector, which needs cgo, has its own.
export CGO_ENABLED=0

start=$SECONDS
step() { # step TITLE COMMAND...
	local title=$1 from=$SECONDS
	shift
	echo "==> $title"
	"$@"
	echo "    $title: $((SECONDS - from)) s (total $((SECONDS - start)) s)"
}

others() { # files that are neither committed nor ignored, such as a page that was generated for the first time
	git ls-files --others --exclude-standard
}

clean() { # the tree must be as committed: generated files are up to date
	local changed
	changed=$(git status --porcelain --untracked-files=no; LC_ALL=C comm -13 <(echo "$others") <(others))
	if [ -n "$changed" ]; then
		echo "make generate changed files; commit the result:" >&2
		echo "$changed" >&2
		git --no-pager diff --stat >&2
		return 1
	fi
}

step "build" make --no-print-directory build
before=$(git status --porcelain --untracked-files=no)
others=$(others)
step "generate" make --no-print-directory generate
if [ -z "$before" ]; then step "generated files are committed" clean; fi
step "lint" make --no-print-directory lint
step "cluster programs" go run ./internal/testkit/cluster/cmd/devcluster build -mode loopback
step "tests on a loopback cluster" env TF_ACC=1 TF_ACC_TERRAFORM_PATH="$(command -v terraform)" \
	go run ./internal/testkit/cluster/cmd/devcluster run -- go test -shuffle=on -timeout 30m ./...
step "race detector" env CGO_ENABLED=1 go test -race -shuffle=on -timeout 30m ./controller/internal/... ./controller/trigger/... ./metricsadapter/...
if [ "$(id -u)" = 0 ]; then
	step "demo: all stories on real containers" make --no-print-directory demo STORY=all
else
	echo "==> demo: not run, real containers need root (run: sudo make demo)"
fi
echo "all of make test passed in $((SECONDS - start)) s"
