#!/usr/bin/env bash
# Usage: hack/skew.sh COMMIT
# Builds the controller and the proxy of another commit, and prints where they are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

commit=$(git rev-parse --verify --quiet "$1^{commit}") || {
	echo "hack/skew.sh: this clone does not have $1: git fetch --unshallow, or name a commit that it has" >&2
	exit 1
}
dir="$PWD/bin/skew/$commit"
if [ ! -e "$dir/kubera-proxy" ] || [ ! -e "$dir/kubera-controller" ]; then
	source=$(mktemp -d)
	trap 'rm -rf "$source"' EXIT
	git archive "$commit" | tar -x -C "$source"
	mkdir -p "$dir"
	for program in controller proxy; do
		(cd "$source" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${commit:0:12}" -o "$dir/kubera-$program" "./cmd/$program")
	done
fi
echo "$dir"
