#!/usr/bin/env bash
# Usage: hack/fuzz.sh DURATION
# Runs every fuzz test of the module for the duration, one after the other.
set -euo pipefail
duration=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."

git grep -hoE --untracked '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' >/dev/null ||
	{ echo "fuzz: there are no fuzz tests" >&2; exit 1; }
git grep -oE --untracked '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' |
	sed 's/:func /\t/' |
	while IFS=$'\t' read -r file name; do
		echo "=== ${name} in $(dirname "$file")"
		go test "./$(dirname "$file")" -run '^$' -fuzz "^${name}\$" -fuzztime "$duration"
	done
